/// What a user's own keys are for.
/// spec: client-server-api#cross-signing
enum CrossSigningUsage: String, Sendable, CaseIterable {
  case master
  case selfSigning = "self_signing"
  case userSigning = "user_signing"

  /// In requests.
  var uploadKey: String { "\(rawValue)_key" }
  /// In answers.
  var answerKey: String { "\(rawValue)_keys" }
}
