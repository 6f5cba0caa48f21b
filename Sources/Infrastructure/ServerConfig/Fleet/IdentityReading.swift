extension ProcessIdentity {
  /// Names that no worker may have.
  static let reservedNames: Set<String> = ["main", "master"]

  /// Nil where the file is a worker's but does not say which.
  static func read(_ section: ConfigSection) -> ProcessIdentity? {
    let app = section.string("worker_app")
    let name = section.string("worker_name")
    guard let app else {
      if let name {
        section.problems.error(
          "worker_name", "worker_app", at: section.location(of: "worker_name"),
          "\(name) has a name, but no `worker_app` says what it is.",
          fix: "add `worker_app: apus.generic_worker` or another")
        return nil
      }
      return .main
    }
    guard let role = WorkerRole(workerApp: app) else {
      section.problems.error(
        "worker_app", at: section.location(of: "worker_app"),
        "There is no worker application \(app).",
        fix: Suggestion.hint(for: app, among: WorkerRole.proposedApps)
          ?? "use one of \(WorkerRole.proposedApps.prefix(5).joined(separator: ", "))")
      return nil
    }
    if role == .main { return mainIdentity(name, app: app, section) }
    guard let name else {
      if !section.has("worker_name") {
        section.problems.error(
          "worker_app", "worker_name", at: section.location(of: "worker_app"),
          "The worker has no name.", fix: "add `worker_name`, different for each worker")
      }
      return nil
    }
    guard checkName(name, section) else { return nil }
    return ProcessIdentity(instanceName: name, role: role, workerApp: app)
  }

  private static func mainIdentity(
    _ name: String?, app: String, _ section: ConfigSection
  ) -> ProcessIdentity {
    if let name, !reservedNames.contains(name) {
      section.problems.error(
        "worker_name", "worker_app", at: section.location(of: "worker_name"),
        "\(app) is the main process, which cannot be called \(name).",
        fix: "remove `worker_name`, or use a worker's `worker_app`")
    }
    return ProcessIdentity(instanceName: mainName, role: .main, workerApp: app)
  }

  /// The name stands in channel messages, tables, metrics and file names.
  private static func checkName(_ name: String, _ section: ConfigSection) -> Bool {
    let location = section.location(of: "worker_name")
    if reservedNames.contains(name) {
      section.problems.error(
        "worker_name", "worker_app", at: location,
        "\(name) is the main process's name, not a worker's.", fix: "choose another name")
      return false
    }
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    if isPlain, !name.isEmpty, name.utf8.count <= maximumNameBytes { return true }
    section.problems.error(
      "worker_name", at: location, "The worker's name has characters that cannot be used.",
      fix: "use up to \(maximumNameBytes) letters, digits, `_`, `-` and `.`")
    return false
  }

  private static let maximumNameBytes = 100
}
