import RoomEvents

/// What rooms may be like, and who may see the directory of them.
package struct RoomsSection: Sendable {
  /// The first rule that fits decides whether a room may be published.
  package struct PublicationRule: Sendable, Hashable {
    package var userID = "*"
    package var alias = "*"
    package var roomID = "*"
    package var allows = true
  }

  package var defaultVersion = "12"
  package var publicRoomsOverFederation = false
  package var publicRoomsWithoutAuth = false
  package var aliasesRequireMembership = true
  package var publicationRules: [PublicationRule] = []
  package var ephemeralMessages = false

  init(_ section: ConfigSection) {
    readVersion(section)
    section.read("allow_public_rooms_over_federation", into: &publicRoomsOverFederation)
    section.read("allow_public_rooms_without_auth", into: &publicRoomsWithoutAuth)
    section.read("require_membership_for_aliases", into: &aliasesRequireMembership)
    section.read("enable_ephemeral_messages", into: &ephemeralMessages)
    publicationRules = section.sections("room_list_publication_rules").map(Self.rule)
  }

  /// A version is text, but `10` without quotes is a number in YAML.
  private mutating func readVersion(_ section: ConfigSection) {
    guard let node = section.node("default_room_version") else { return }
    switch node.value {
    case .string(let text): defaultVersion = text
    case .integer(let number): defaultVersion = String(number)
    default: return section.wrongType("default_room_version", node, expected: "a room version")
    }
    guard RoomVersion(id: defaultVersion) == nil else { return }
    section.problems.error(
      "default_room_version", at: node.location,
      "The room version \(defaultVersion) is not known.",
      fix: "use one of \(RoomVersion.all.map(\.id).joined(separator: ", "))")
  }

  private static func rule(_ section: ConfigSection) -> PublicationRule {
    var rule = PublicationRule()
    section.read("user_id", into: &rule.userID)
    section.read("alias", into: &rule.alias)
    section.read("room_id", into: &rule.roomID)
    if let action = section.string("action") {
      rule.allows = action == "allow"
      if action != "allow", action != "deny" {
        section.problems.error(
          section.name("action"), at: section.location(of: "action"),
          "The action \(action) is not known.", fix: "use `allow` or `deny`")
      }
    }
    section.reportUnknown()
    return rule
  }
}
