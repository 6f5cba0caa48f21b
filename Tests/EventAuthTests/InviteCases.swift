import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

enum InviteCases {
  static let all = plain + thirdParty

  private static let plain: [AuthCase] = [
    .allowed("invite.level", "by a member") {
      try $0.member(Person.member, Person.outsider, "invite")
    },
    .allowed("invite.level", "again") { try $0.member(Person.member, Person.invited, "invite") },
    .allowed("invite.level", "who knocks", in: .from(7)) {
      try $0.member(Person.member, Person.knocking, "invite")
    },
    .allowed("invite.level", "who left") { try $0.member(Person.member, Person.left, "invite") },
    .refused(.inviteSenderNotJoined, "by an outsider") {
      try $0.member(Person.outsider, Person.left, "invite")
    },
    .refused(.inviteSenderNotJoined, "by the invited") {
      try $0.member(Person.invited, Person.outsider, "invite")
    },
    .refused(.inviteTarget, "who is joined") {
      try $0.member(Person.member, Person.other, "invite")
    },
    .refused(.inviteTarget, "who is banned") {
      try $0.member(Person.admin, Person.banned, "invite")
    },
    .refused(.inviteLevel, "below the invite level") {
      try $0.setLevels(["invite": 50])
      return try $0.member(Person.member, Person.outsider, "invite")
    },
    .allowed("invite.level", "at the invite level") {
      try $0.setLevels(["invite": 50])
      return try $0.member(Person.moderator, Person.outsider, "invite")
    },
    .allowed("invite.level", "by the creator, above all levels", in: [.v12]) {
      try $0.setLevels(["invite": 9_007_199_254_740_991])
      return try $0.member(Person.creator, Person.outsider, "invite")
    },
    .refused(.inviteLevel, "by the creator", in: .upTo(11)) {
      try $0.setLevels(["invite": 101])
      return try $0.member(Person.creator, Person.outsider, "invite")
    },
  ]

  private static let thirdParty: [AuthCase] = [
    .allowed("invite_3pid.public_key", "signed with the single key") {
      try issue(&$0, ["public_key": publicKey($0)])
      return try exchange($0, signed($0))
    },
    .allowed("invite_3pid.public_keys", "signed with one key of the list") {
      try issue(&$0, ["public_keys": [["public_key": "AAAA"], ["public_key": publicKey($0)]]])
      return try exchange($0, signed($0))
    },
    .allowed("invite_3pid.public_keys", "with many other keys and signatures") {
      let others = (0..<12).map { number -> JSON in
        let key = [UInt8](repeating: UInt8(number), count: SigningKey.publicKeyBytes)
        return ["public_key": .string(UnpaddedBase64.encode(key))]
      }
      try issue(&$0, ["public_keys": .array(others + [["public_key": publicKey($0)]])])
      var signed = try signed($0)
      var keys = signed["signatures"]?["id.example"] ?? [:]
      for number in 0..<12 {
        let text = [UInt8](repeating: UInt8(number), count: SigningKey.signatureBytes)
        keys["ed25519:0\(number)"] = .string(UnpaddedBase64.encode(text))
      }
      signed["signatures"] = ["id.example": keys]
      return try exchange($0, signed)
    },
    .refused(.thirdPartyBanned, "for the banned") {
      try issue(&$0, ["public_key": publicKey($0)])
      return try exchange($0, signed($0, user: Person.banned), target: Person.banned)
    },
    .refused(.thirdPartyUnsigned, "without a signed part") { try exchange($0, nil) },
    .refused(.thirdPartyUnsigned, "with a signed part that is text") { try exchange($0, "x") },
    .refused(.thirdPartyIncomplete, "without a token") {
      try exchange($0, ["mxid": .string(Person.outsider)])
    },
    .refused(.thirdPartyIncomplete, "without a user") { try exchange($0, ["token": "token"]) },
    .refused(.thirdPartyTarget, "for another user") {
      try issue(&$0, ["public_key": publicKey($0)])
      return try exchange($0, signed($0, user: Person.left))
    },
    .refused(.thirdPartyToken, "with an unknown token") {
      try exchange($0, signed($0))
    },
    .refused(.thirdPartySender, "by another sender than issued it") {
      try issue(&$0, ["public_key": publicKey($0)], by: Person.moderator)
      return try exchange($0, signed($0))
    },
    .refused(.thirdPartySignature, "signed with another key") {
      try issue(&$0, ["public_key": "XSl0kuyvrXNj6A+7/tkrB9sxSbRi08Of5uRhxOqZtEQ"])
      return try exchange($0, signed($0))
    },
    .refused(.thirdPartySignature, "without a signature") {
      try issue(&$0, ["public_key": publicKey($0)])
      return try exchange($0, ["mxid": .string(Person.outsider), "token": "token"])
    },
    .refused(.thirdPartySignature, "changed after it was signed") {
      try issue(&$0, ["public_key": publicKey($0)])
      var changed = try signed($0)
      changed["more"] = 1
      return try exchange($0, changed)
    },
    .refused(.thirdPartySignature, "signed with an algorithm that is not known") {
      try issue(&$0, ["public_key": publicKey($0)])
      var changed = try signed($0)
      changed["signatures"] = [
        "id.example": ["rsa:1": changed["signatures"]?["id.example"]?["ed25519:1"] ?? .null]
      ]
      return try exchange($0, changed)
    },
    .refused(.thirdPartySignature, "where no key was issued") {
      try issue(&$0, [:])
      return try exchange($0, signed($0))
    },
  ]

  private static func issue(
    _ room: inout TestRoom, _ content: JSON, by sender: String = Person.member
  ) throws {
    try room.set(EventType.thirdPartyInvite, "token", content, by: sender)
  }

  private static func publicKey(_ room: TestRoom) -> JSON {
    .string(UnpaddedBase64.encode(room.key.publicKey))
  }

  private static func signed(_ room: TestRoom, user: String = Person.outsider) throws -> JSON {
    guard let server = ServerName("id.example") else { throw TestFailure(what: "server") }
    let invited: JSON = ["mxid": .string(user), "token": "token"]
    let signed = try JSONSigning.sign(
      JSONDocument(invited.bytes).root, server: server, key: room.key)
    return JSON(try JSONDocument(signed).root)
  }

  private static func exchange(
    _ room: TestRoom, _ signed: JSON?, target: String = Person.outsider
  ) throws -> Event {
    var invite: JSON = ["display_name": "a..."]
    invite["signed"] = signed
    return try room.member(Person.member, target, "invite", ["third_party_invite": invite])
  }
}
