package import MatrixIdentifiers
package import MatrixJSON

/// Why one signed object was not taken.
struct SignatureFailure: Sendable, Equatable {
  let code: String
  let reason: String

  static let unreadable = SignatureFailure(
    code: "M_BAD_JSON", reason: "Not an object with signatures, or without a canonical form")
  static let unknownKey = SignatureFailure(
    code: "M_NOT_FOUND", reason: "There is no such key, or it is not yours to sign")
  static let noSigningKey = SignatureFailure(
    code: "M_NOT_FOUND", reason: "You have not uploaded the key that has to sign this")
  static let mismatch = SignatureFailure(
    code: "M_INVALID_PARAM", reason: "The object is another than the one that was uploaded")
  static let invalid = SignatureFailure(
    code: "M_INVALID_SIGNATURE", reason: "Invalid signature, or none by the key that has to sign")
}

/// A key of a device or user, with signatures to be added.
struct SignedObject: Sendable {
  let user: UserID
  /// A device's id or a public key.
  let key: String
  /// Canonical JSON without signatures.
  let body: [UInt8]
  /// Those of the user who uploads it, by key.
  let signatures: [String: String]
}

/// Signatures that a user publishes with one request.
/// spec: client-server-api#post_matrixclientv3keyssignaturesupload
package struct SignatureUpload: Sendable {
  /// Objects of one request.
  static let objectLimit = 1000
  /// Bytes of one object.
  private static let sizeLimit = IdentityKeys.sizeLimit

  let signer: UserID
  let objects: [SignedObject]
  /// What cannot be read.
  let failures: SignatureFailures

  package init(_ body: JSONView, by signer: UserID) throws(DeviceKeyError) {
    let whole = try KeyBody(body, at: "")
    var (objects, failures) = ([SignedObject](), SignatureFailures())
    var count = 0
    for (name, value) in try whole.members("users", limit: Self.objectLimit) {
      let user = try KeyBody.user(name, at: name)
      let keys = try KeyBody(value, at: name).members("keys", limit: Self.objectLimit)
      count += keys.count
      guard count <= Self.objectLimit else {
        throw .tooMany(what: "signed keys", limit: Self.objectLimit)
      }
      for (key, value) in keys {
        do {
          let object = try KeyBody(value, at: key)
          objects.append(
            SignedObject(
              user: user, key: key, body: try object.signed(limit: Self.sizeLimit),
              signatures: try Signatures(in: object, by: signer).byKey))
        } catch {
          failures.add(.unreadable, user, key)
        }
      }
    }
    self.signer = signer
    self.objects = objects
    self.failures = failures
  }

  init(signer: UserID, objects: [SignedObject]) {
    self.signer = signer
    self.objects = objects
    failures = SignatureFailures()
  }
}

/// Failures by user and key.
struct SignatureFailures: Sendable, Equatable {
  private(set) var byUser: [String: [String: SignatureFailure]] = [:]

  mutating func add(_ failure: SignatureFailure, _ user: UserID, _ key: String) {
    byUser[user.text, default: [:]][key] = failure
  }

  /// Adds those of an answer.
  mutating func add(_ answer: JSONView) {
    guard let failures = answer["failures"] else { return }
    for (user, keys) in failures.members {
      for (key, failure) in keys.members {
        byUser[user, default: [:]][key] = SignatureFailure(
          code: failure["errcode"]?.string ?? "M_UNKNOWN", reason: failure["error"]?.string ?? "")
      }
    }
  }

  /// The answer to the request, `failures` left out when there are none.
  var answer: [UInt8] {
    guard !byUser.isEmpty else { return Array("{}".utf8) }
    let failures = byUser.mapValues { keys in
      JSON.object(
        keys.mapValues { ["errcode": .string($0.code), "error": .string($0.reason)] })
    }
    return JSON.object(["failures": .object(failures)]).bytes
  }
}
