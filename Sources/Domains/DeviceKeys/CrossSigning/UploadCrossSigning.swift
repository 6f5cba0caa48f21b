package import Accounts
import MatrixIdentifiers
import MatrixJSON
package import Streams

/// Publishes the keys with which a user vouches for devices and for others.
package struct UploadCrossSigning: Sendable {
  private let owner: any StreamOwner
  private let confirmation: OwnerConfirmation

  package init(owner: any StreamOwner, confirmation: OwnerConfirmation) {
    self.owner = owner
    self.confirmation = confirmation
  }

  /// The first keys, and the same ones again, need no confirmation.
  /// - Parameter operation: what the owner of the account confirms.
  /// - Throws: those of `OwnerConfirmation`; `OwnerError`.
  package func callAsFunction(
    _ upload: CrossSigningUpload, by requester: Requester, auth: AuthAttempt?,
    operation: GuardedOperation
  ) async throws {
    guard try await store(upload, isConfirmed: false) == .confirmationWanted else { return }
    try await confirmation.require(auth, of: requester, for: operation)
    _ = try await store(upload, isConfirmed: true)
  }

  private enum Answer {
    case done, confirmationWanted
  }

  private func store(
    _ upload: CrossSigningUpload, isConfirmed: Bool
  ) async throws(OwnerError) -> Answer {
    let answer = try await owner.call(
      OwnerCall(
        stream: .deviceLists, action: DeviceListOwner.crossSign, key: upload.user.text,
        body: CrossSigningCall(upload: upload, isConfirmed: isConfirmed).encoded))
    return answer == DeviceListOwner.confirmationWanted ? .confirmationWanted : .done
  }
}

/// Publishes signatures of keys.
package struct UploadSignatures: Sendable {
  private let owner: any StreamOwner

  package init(owner: any StreamOwner) {
    self.owner = owner
  }

  /// - Returns: the answer's JSON, with what was not taken.
  package func callAsFunction(_ upload: SignatureUpload) async throws -> [UInt8] {
    guard !upload.objects.isEmpty else { return upload.failures.answer }
    let answer = try await owner.call(
      OwnerCall(
        stream: .deviceLists, action: DeviceListOwner.sign, key: upload.signer.text,
        body: upload.encoded))
    guard !upload.failures.byUser.isEmpty else { return answer }
    var failures = upload.failures
    failures.add(try JSONDocument(answer).root)
    return failures.answer
  }
}
