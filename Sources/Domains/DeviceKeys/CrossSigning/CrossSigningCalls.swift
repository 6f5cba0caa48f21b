import MatrixIdentifiers
import MatrixJSON

/// Cross-signing keys, as the stream's owner gets them.
struct CrossSigningCall: Sendable {
  let upload: CrossSigningUpload
  /// The owner of the account has confirmed it.
  let isConfirmed: Bool

  init(upload: CrossSigningUpload, isConfirmed: Bool) {
    self.upload = upload
    self.isConfirmed = isConfirmed
  }

  init(_ json: JSONView) throws {
    guard let user = json["user"]?.string.flatMap({ UserID($0) }), let keys = json["keys"] else {
      throw DeviceListRow.Malformed()
    }
    let read = keys.members.compactMap { name, key -> CrossSigningKey? in
      guard let usage = CrossSigningUsage(rawValue: name), let publicKey = key["key"]?.string,
        let body = key["body"], let signatures = key["signatures"]
      else { return nil }
      return CrossSigningKey(
        usage: usage, publicKey: publicKey, body: Array(body.rawBytes),
        signatures: Signatures(stored: Array(signatures.rawBytes), by: user))
    }
    upload = CrossSigningUpload(user: user, keys: read)
    isConfirmed = json["confirmed"]?.bool ?? false
  }

  var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("confirmed")
    writer.bool(isConfirmed)
    writer.key("keys")
    writer.beginObject()
    for key in upload.keys {
      writer.key(key.usage.rawValue)
      writer.beginObject()
      writer.key("body")
      writer.raw(key.body)
      writer.key("key")
      writer.string(key.publicKey)
      writer.key("signatures")
      writer.raw(key.signatures.bytes)
      writer.endObject()
    }
    writer.endObject()
    writer.key("user")
    writer.string(upload.user.text)
    writer.endObject()
    return writer.bytes
  }
}

// Signatures, as the stream's owner gets them.
extension SignatureUpload {
  init(owned json: JSONView) throws {
    guard let signer = json["user"]?.string.flatMap({ UserID($0) }), let objects = json["objects"]
    else { throw DeviceListRow.Malformed() }
    self.init(
      signer: signer,
      objects: objects.elements.compactMap { object in
        guard let user = object["user"]?.string.flatMap({ UserID($0) }),
          let key = object["key"]?.string, let body = object["body"],
          let signatures = object["signatures"]
        else { return nil }
        return SignedObject(
          user: user, key: key, body: Array(body.rawBytes),
          signatures: Signatures(stored: Array(signatures.rawBytes), by: signer).byKey)
      })
  }

  var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("objects")
    writer.beginArray()
    for object in objects {
      writer.beginObject()
      writer.key("body")
      writer.raw(object.body)
      writer.key("key")
      writer.string(object.key)
      writer.key("signatures")
      writer.raw(Signatures(by: signer, object.signatures).bytes)
      writer.key("user")
      writer.string(object.user.text)
      writer.endObject()
    }
    writer.endArray()
    writer.key("user")
    writer.string(signer.text)
    writer.endObject()
    return writer.bytes
  }
}
