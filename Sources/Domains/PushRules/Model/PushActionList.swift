import MatrixIdentifiers
package import MatrixJSON

/// What a rule does with an event that it matches.
///
/// spec: client-server-api#actions
package struct PushActionList: Sendable, Hashable {
  /// Bytes of a rule's actions.
  static let sizeLimit = 4096

  /// The actions as a JSON array.
  package let json: [UInt8]
  /// Whether there is a notification at all.
  package let notifies: Bool
  /// Whether the notification is to stand out. False without a notification.
  package let highlights: Bool

  /// Does nothing.
  package static let none = PushActionList([])
  package static let notify = PushActionList(["notify"])

  /// What older clients still send and what must do nothing.
  /// spec: client-server-api#historical-actions
  private static let historical: Set<String> = ["dont_notify", "coalesce"]

  /// - Throws: `.invalidAction`, `.tooLarge`.
  package init(_ view: JSONView) throws(PushRuleError) {
    guard view.kind == .array, view.rawBytes.count <= Self.sizeLimit else {
      throw view.kind == .array
        ? .tooLarge(what: "actions", limit: Self.sizeLimit) : .invalidAction
    }
    var actions: [JSON] = []
    for element in view.elements {
      if let name = element.string {
        if Self.historical.contains(name) { continue }
        guard sameBytes(name, "notify") else { throw .invalidAction }
      } else {
        guard element["set_tweak"]?.string != nil else { throw .invalidAction }
      }
      actions.append(JSON(element))
    }
    self.init(actions)
  }

  init(_ actions: [JSON]) {
    json = JSON.array(actions).bytes
    notifies = actions.contains(.string("notify"))
    var isHighlighted = false
    for action in actions where action["set_tweak"]?.string == "highlight" {
      isHighlighted = action["value"] != .bool(false)
    }
    highlights = notifies && isHighlighted
  }

  /// These actions, or nil when they make no notification.
  var ifNotifying: PushActionList? {
    notifies ? self : nil
  }
}

/// Whether an event counts for a user, as counts need it.
package struct PushCount: Sendable, Hashable {
  package var notifications: Int64
  package var highlights: Int64

  package init(notifications: Int64 = 0, highlights: Int64 = 0) {
    self.notifications = notifications
    self.highlights = highlights
  }

  init(_ actions: PushActionList?) {
    self.init(
      notifications: actions?.notifies == true ? 1 : 0,
      highlights: actions?.highlights == true ? 1 : 0)
  }

  package var isZero: Bool {
    notifications == 0 && highlights == 0
  }

  static func + (left: PushCount, right: PushCount) -> PushCount {
    PushCount(
      notifications: left.notifications + right.notifications,
      highlights: left.highlights + right.highlights)
  }

  static func - (left: PushCount, right: PushCount) -> PushCount {
    PushCount(
      notifications: left.notifications - right.notifications,
      highlights: left.highlights - right.highlights)
  }
}
