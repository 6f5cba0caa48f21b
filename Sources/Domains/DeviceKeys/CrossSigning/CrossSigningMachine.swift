import MatrixIdentifiers
import Streams

/// Decides what becomes of uploaded cross-signing keys.
/// spec: client-server-api#post_matrixclientv3keysdevice_signingupload
struct CrossSigningMachine: Sendable {
  enum Verdict: Sendable, Equatable {
    /// There is no new key.
    case unchanged
    /// Keys would be replaced or added: the owner of the account must confirm that.
    case needsConfirmation
    /// Those of `dropped` were signed by a master key that is replaced.
    case store([CrossSigningKey], dropped: [CrossSigningUsage])
  }

  let stored: [CrossSigningUsage: CrossSigningKey]

  /// - Throws: `.refused` when a key is not signed as it must be.
  func decide(
    _ upload: CrossSigningUpload, isConfirmed: Bool
  ) throws(OwnerError) -> Verdict {
    let given = Dictionary(uniqueKeysWithValues: upload.keys.map { ($0.usage, $0) })
    guard let master = given[.master] ?? stored[.master] else { throw Self.noMaster }
    for key in upload.keys where key.usage != .master {
      guard master.hasMade(key.signatures.byKey[master.keyID], of: key.body) else {
        throw Self.notSigned(key.usage)
      }
    }
    let new = upload.keys.filter { stored[$0.usage]?.publicKey != $0.publicKey }
    guard !new.isEmpty else { return .unchanged }
    guard stored[.master] == nil || isConfirmed else { return .needsConfirmation }
    let dropped =
      new.contains { $0.usage == .master }
      ? stored.keys.filter { $0 != .master && given[$0] == nil } : []
    // Keys that stay the same but have another master now bring its signature.
    return .store(
      dropped.isEmpty && new.allSatisfy { $0.usage != .master } ? new : upload.keys,
      dropped: dropped.sorted { $0.rawValue < $1.rawValue })
  }

  static let noMaster = OwnerError.refused(
    status: 400, code: "M_MISSING_PARAM",
    reason: "master_key is missing, and no master key has been uploaded before")

  static func notSigned(_ usage: CrossSigningUsage) -> OwnerError {
    .refused(
      status: 400, code: "M_INVALID_SIGNATURE",
      reason: "\(usage.uploadKey) is not signed by the master key")
  }
}
