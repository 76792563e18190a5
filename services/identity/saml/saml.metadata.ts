import type { SamlSettings } from './saml.settings.js';

const bindings = 'urn:oasis:names:tc:SAML:2.0:bindings:';

/** What to give to the provider, so that nobody types addresses. The order of the parts is the schema's. */
export function samlMetadata({ entityId, acsUrl, logoutUrl }: SamlSettings): string {
  const slo = ['HTTP-Redirect', 'HTTP-POST']
    .map(
      (binding) =>
        `    <SingleLogoutService Binding="${bindings}${binding}" Location="${escaped(logoutUrl)}"/>`,
    )
    .join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${escaped(entityId)}">
  <SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
${slo}
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <AssertionConsumerService index="0" isDefault="true" Binding="${bindings}HTTP-POST" Location="${escaped(acsUrl)}"/>
  </SPSSODescriptor>
</EntityDescriptor>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
