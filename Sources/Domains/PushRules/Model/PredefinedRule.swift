import MatrixIdentifiers
import MatrixJSON

/// The rules that every user has, in the order in which they are tried.
///
/// Beside the specification's there are those that looked for mentions in the body before it
/// dropped them: older clients still write such mentions. They do nothing with events that have
/// `m.mentions`.
///
/// spec: client-server-api#predefined-rules
package enum PredefinedRule: String, CaseIterable, Sendable {
  case master = ".m.rule.master"
  case suppressNotices = ".m.rule.suppress_notices"
  case inviteForMe = ".m.rule.invite_for_me"
  case memberEvent = ".m.rule.member_event"
  case isUserMention = ".m.rule.is_user_mention"
  case containsDisplayName = ".m.rule.contains_display_name"
  case isRoomMention = ".m.rule.is_room_mention"
  case roomNotification = ".m.rule.roomnotif"
  case tombstone = ".m.rule.tombstone"
  case reaction = ".m.rule.reaction"
  case serverACL = ".m.rule.room.server_acl"
  case suppressEdits = ".m.rule.suppress_edits"
  case containsUserName = ".m.rule.contains_user_name"
  case call = ".m.rule.call"
  case encryptedOneToOne = ".m.rule.encrypted_room_one_to_one"
  case oneToOne = ".m.rule.room_one_to_one"
  case message = ".m.rule.message"
  case encrypted = ".m.rule.encrypted"

  init?(id: String, kind: PushRuleKind) {
    guard id.utf8.first == UInt8(ascii: "."), let rule = PredefinedRule(rawValue: id),
      rule.kind == kind
    else { return nil }
    self = rule
  }

  package var kind: PushRuleKind {
    switch self {
    case .containsUserName: .content
    case .call, .encryptedOneToOne, .oneToOne, .message, .encrypted: .underride
    default: .override
    }
  }

  package var isEnabledByDefault: Bool {
    self != .master
  }

  /// Matches by the user's id or names, so that it differs from user to user.
  var isPersonal: Bool {
    switch self {
    case .inviteForMe, .isUserMention, .containsUserName: true
    default: false
    }
  }

  package var actions: PushActionList {
    switch self {
    case .master, .suppressNotices, .memberEvent, .reaction, .serverACL, .suppressEdits: .none
    case .inviteForMe, .encryptedOneToOne, .oneToOne: .notifyWithSound
    case .isUserMention, .containsDisplayName, .containsUserName: .highlightWithSound
    case .isRoomMention, .roomNotification, .tombstone: .highlight
    case .call: .ring
    case .message, .encrypted: .notify
    }
  }

  /// The conditions as the rule states them; empty for a content rule, which has a pattern.
  func conditions(for user: UserID) -> [JSON] {
    switch self {
    case .master, .containsUserName: []
    case .suppressNotices: [.match("content.msgtype", "m.notice")]
    case .inviteForMe:
      [
        .match("type", "m.room.member"), .match("content.membership", "invite"),
        .match("state_key", user.text),
      ]
    case .memberEvent: [.match("type", "m.room.member")]
    case .isUserMention:
      [
        [
          "kind": "event_property_contains", "key": #"content.m\.mentions.user_ids"#,
          "value": .string(user.text),
        ]
      ]
    case .containsDisplayName: [["kind": "contains_display_name"]]
    case .isRoomMention:
      [
        ["kind": "event_property_is", "key": #"content.m\.mentions.room"#, "value": true],
        .roomPermission,
      ]
    case .roomNotification: [.match("content.body", "@room"), .roomPermission]
    case .tombstone: [.match("type", "m.room.tombstone"), .match("state_key", "")]
    case .reaction: [.match("type", "m.reaction")]
    case .serverACL: [.match("type", "m.room.server_acl"), .match("state_key", "")]
    case .suppressEdits:
      [
        [
          "kind": "event_property_is", "key": #"content.m\.relates_to.rel_type"#,
          "value": "m.replace",
        ]
      ]
    case .call: [.match("type", "m.call.invite")]
    case .encryptedOneToOne: [.twoMembers, .match("type", "m.room.encrypted")]
    case .oneToOne: [.twoMembers, .match("type", "m.room.message")]
    case .message: [.match("type", "m.room.message")]
    case .encrypted: [.match("type", "m.room.encrypted")]
    }
  }

  /// Of a content rule.
  func pattern(for user: UserID) -> String? {
    self == .containsUserName ? user.localpart : nil
  }
}

extension PushActionList {
  fileprivate static let notifyWithSound = PushActionList(["notify", sound("default")])
  fileprivate static let ring = PushActionList(["notify", sound("ring")])
  fileprivate static let highlight = PushActionList(["notify", ["set_tweak": "highlight"]])
  fileprivate static let highlightWithSound = PushActionList(
    ["notify", sound("default"), ["set_tweak": "highlight"]])

  private static func sound(_ name: String) -> JSON {
    ["set_tweak": "sound", "value": .string(name)]
  }
}

extension JSON {
  fileprivate static let roomPermission: JSON = [
    "kind": "sender_notification_permission", "key": "room",
  ]
  fileprivate static let twoMembers: JSON = ["kind": "room_member_count", "is": "2"]

  fileprivate static func match(_ key: String, _ pattern: String) -> JSON {
    ["kind": "event_match", "key": .string(key), "pattern": .string(pattern)]
  }
}

/// Some of the predefined rules, as bits.
struct PredefinedRules: OptionSet, Sendable, Hashable {
  let rawValue: UInt32

  init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  init(_ rule: PredefinedRule) {
    rawValue = 1 << rule.place
  }

  init(kind: PushRuleKind) {
    self = PredefinedRule.allCases.reduce(into: []) { rules, rule in
      if rule.kind == kind { rules.insert(PredefinedRules(rule)) }
    }
  }

  static let override = PredefinedRules(kind: .override)
  static let content = PredefinedRules(kind: .content)
  static let underride = PredefinedRules(kind: .underride)
  static let enabledByDefault = PredefinedRule.allCases.reduce(into: PredefinedRules()) {
    if $1.isEnabledByDefault { $0.insert(PredefinedRules($1)) }
  }

  /// The one that is tried first.
  var first: PredefinedRule? {
    rawValue == 0 ? nil : PredefinedRule.allCases[rawValue.trailingZeroBitCount]
  }
}

extension PredefinedRule {
  /// In the order of `allCases`.
  var place: UInt32 {
    switch self {
    case .master: 0
    case .suppressNotices: 1
    case .inviteForMe: 2
    case .memberEvent: 3
    case .isUserMention: 4
    case .containsDisplayName: 5
    case .isRoomMention: 6
    case .roomNotification: 7
    case .tombstone: 8
    case .reaction: 9
    case .serverACL: 10
    case .suppressEdits: 11
    case .containsUserName: 12
    case .call: 13
    case .encryptedOneToOne: 14
    case .oneToOne: 15
    case .message: 16
    case .encrypted: 17
    }
  }
}
