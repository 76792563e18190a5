{{- define "weirkeeper.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | replace (printf "%s-%s" .Chart.Name .Chart.Name) .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "weirkeeper.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "weirkeeper.labels" -}}
{{ include "weirkeeper.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "weirkeeper.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.masking }}{{ $_ := set $config "masking" "masking.yaml" }}{{ end -}}
{{- if .Values.clientTls.existingSecret -}}
{{- $_ := set $config "tls" (dict "cert" "file:/etc/weirkeeper-tls/tls.crt" "key" "file:/etc/weirkeeper-tls/tls.key") -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* Where a pod goes, and with which images. */}}
{{- define "weirkeeper.placement" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "weirkeeper.selector" . | nindent 8 }}
{{- end }}

{{/* The pod of one service: root, service, and whether its state is a volume of its own. */}}
{{- define "weirkeeper.pod" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $values := index $root.Values.services $service -}}
metadata:
  labels:
    {{- include "weirkeeper.labels" . | nindent 4 }}
  annotations:
    # What is mounted has changed: so do the pods.
    checksum/config: {{ include (print $root.Template.BasePath "/configmap.yaml") $root | sha256sum }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "weirkeeper.name" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds | default 30 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- include "weirkeeper.placement" . | nindent 2 }}
  containers:
    - name: {{ $service }}
      image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        - --target={{ $service }}
        - --listen
        - http=0.0.0.0:8080
        {{- if eq $service "proxy" }}
        - --listen
        - postgres=0.0.0.0:15432
        {{- end }}
      env:
        - { name: WEIR_CONFIG, value: /etc/weirkeeper/weir.yaml }
        # Folders inside of the volumes: those themselves are root's, and open to more than one user.
        - { name: WEIR_DATA, value: /var/lib/weirkeeper/state }
        - { name: WEIR_SHARED, value: /var/lib/weirkeeper-shared/state }
        {{- range $root.Values.secretEnv }}
        {{- if has $service .services }}
        - name: {{ .name }}
          valueFrom: { secretKeyRef: { name: {{ .secret }}, key: {{ .key }} } }
        {{- end }}
        {{- end }}
      ports:
        - { name: http, containerPort: 8080 }
        {{- if eq $service "proxy" }}
        - { name: postgres, containerPort: 15432 }
        {{- end }}
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 10
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 5
      lifecycle:
        # SIGTERM comes when no new client is sent here any more.
        preStop: { exec: { command: [sleep, '5'] } }
      resources: {{ toYaml $values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: config, mountPath: /etc/weirkeeper, readOnly: true }
        - { name: state, mountPath: /var/lib/weirkeeper }
        - { name: shared, mountPath: /var/lib/weirkeeper-shared }
        - { name: tmp, mountPath: /tmp }
        {{- if and (eq $service "proxy") $root.Values.clientTls.existingSecret }}
        - { name: client-tls, mountPath: /etc/weirkeeper-tls, readOnly: true }
        {{- end }}
        {{- with $root.Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with $root.Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "weirkeeper.name" $root }}
        items:
          - { key: weir.yaml, path: weir.yaml }
          {{- if $root.Values.masking }}
          - { key: masking.yaml, path: masking.yaml }
          {{- end }}
          {{- range $name, $_ := include "weirkeeper.policies" $root | fromYaml }}
          - { key: {{ $name }}, path: policies/{{ $name }} }
          {{- end }}
    - name: shared
      persistentVolumeClaim:
        claimName: {{ $root.Values.shared.existingClaim | default (printf "%s-shared" (include "weirkeeper.name" $root)) }}
    - name: tmp
      emptyDir: {}
    {{- if not .stateful }}
    - name: state
      emptyDir: {}
    {{- end }}
    {{- if and (eq $service "proxy") $root.Values.clientTls.existingSecret }}
    - name: client-tls
      secret: { secretName: {{ $root.Values.clientTls.existingSecret }}, defaultMode: 0440 }
    {{- end }}
    {{- with $root.Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* File name: text. */}}
{{- define "weirkeeper.policies" -}}
{{- if .Values.policies -}}
{{- toYaml .Values.policies -}}
{{- else -}}
{{- range $path, $_ := .Files.Glob "files/policies/*" }}
{{ base $path }}: {{ $.Files.Get $path | toJson }}
{{- end -}}
{{- end -}}
{{- end }}
