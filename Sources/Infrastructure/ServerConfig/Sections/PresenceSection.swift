/// Whether it is told who is there.
package struct PresenceSection: Sendable {
  package var isEnabled = true
  /// A first sync tells of users who are offline, too.
  package var tellsOfflineUsers = false

  init() {}

  /// `presence: {enabled: false}`, or the older `use_presence: false`. `untracked` counts as off:
  /// nobody but the server itself would be left to tell who is there.
  init(_ top: ConfigSection) {
    top.read("use_presence", into: &isEnabled)
    guard let section = top.optionalSection("presence") else { return }
    section.accept(["presence_router"])
    section.read("include_offline_users_on_sync", into: &tellsOfflineUsers)
    if section.node("enabled")?.string == "untracked" {
      isEnabled = false
    } else {
      section.read("enabled", into: &isEnabled)
    }
    section.reportUnknown()
  }
}
