/// How to start the process that a worker's file describes.
package struct WorkerLaunch: Sendable, Hashable {
  /// Path of the executable.
  package let executable: String
  /// With the program's own name first.
  package let arguments: [String]

  /// Reads only `worker_app`: the program itself checks everything else and can say more.
  ///
  /// - Parameter folder: where the executables are.
  package static func plan(
    workerFile: String, shared: [String], folder: String
  ) throws(ConfigFailure) -> WorkerLaunch {
    let files = try ConfigFiles.read([workerFile])
    let app = files.members.last { $0.key == "worker_app" }
    guard let app, let name = app.value.string else {
      throw ConfigFailure([
        ConfigProblem(
          .error, ["worker_app"], "\(workerFile) does not say what kind of worker it describes.",
          fix: "add `worker_app: apus.generic_worker` or another", at: app?.location)
      ])
    }
    guard let role = WorkerRole(workerApp: name) else {
      throw ConfigFailure([
        ConfigProblem(
          .error, ["worker_app"], "There is no worker application \(name).",
          fix: Suggestion.hint(for: name, among: WorkerRole.proposedApps)
            ?? "use one of \(WorkerRole.proposedApps.prefix(5).joined(separator: ", "))",
          at: app.location)
      ])
    }
    let executable = "\(folder)/\(role.executableName)"
    let configuration = (shared + [workerFile]).flatMap { ["--config-path", $0] }
    return WorkerLaunch(executable: executable, arguments: [executable] + configuration)
  }
}
