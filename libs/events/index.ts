export { traceparentField, traceparentOf } from './traceparent.js';
export * from './chain.js';
export * from './envelope.js';
export * from './first-field.js';
export * from './topics.js';
export * from './gen/weir/events/v1/approval_pb.js';
export * from './gen/weir/events/v1/command_pb.js';
export * from './gen/weir/events/v1/dead_letter_pb.js';
export * from './gen/weir/events/v1/envelope_pb.js';
export * from './gen/weir/events/v1/finding_pb.js';
// The wire's Principal has the kernel's name; the domain's type is the kernel's.
export {
  PageSessionEndedSchema,
  PageSessionRefreshedSchema,
  PageSessionSeenSchema,
  PageSessionStartedSchema,
  PrincipalSchema,
  SamlAssertionTakenSchema,
  SignInRefusedSchema,
  type Principal as WirePrincipal,
  type PageSessionEnded,
  type PageSessionRefreshed,
  type PageSessionSeen,
  type PageSessionStarted,
  type SamlAssertionTaken,
  type SignInRefused,
} from './gen/weir/events/v1/identity_pb.js';
export * from './gen/weir/events/v1/notification_pb.js';
export * from './gen/weir/events/v1/policy_pb.js';
export * from './gen/weir/events/v1/proof_pb.js';
export * from './gen/weir/events/v1/retention_pb.js';
export * from './gen/weir/events/v1/session_pb.js';
