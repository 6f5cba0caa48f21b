/// A job that runs in one process or is divided over several: the key that lists them, the older
/// switch that only turned it off in main, and the `worker_app` that implied it.
struct Job {
  let duty: Duty
  let listKey: String
  let switchKey: String?
  let legacyApps: Set<String>

  static let federation = Job(
    duty: .sendFederation, listKey: "federation_sender_instances", switchKey: "send_federation",
    legacyApps: ["synapse.app.federation_sender", "apus.federation_sender"])
  static let push = Job(
    duty: .push, listKey: "pusher_instances", switchKey: "start_pushers",
    legacyApps: ["synapse.app.pusher", "apus.pusher"])
  static let applicationServices = Job(
    duty: .notifyApplicationServices, listKey: "notify_appservices_from_worker",
    switchKey: "notify_appservices", legacyApps: ["synapse.app.appservice"])
  static let userDirectory = Job(
    duty: .updateUserDirectory, listKey: "update_user_directory_from_worker",
    switchKey: "update_user_directory", legacyApps: ["synapse.app.user_dir"])
  static let backgroundTasks = Job(
    duty: .backgroundTasks, listKey: "run_background_tasks_on", switchKey: nil,
    legacyApps: ["apus.background_tasks"])

  static let all = [federation, push, applicationServices, userDirectory, backgroundTasks]

  /// The instances that do the job, in the order of the list.
  ///
  /// The switch alone (`send_federation: false`) says that main does not do it; then the worker
  /// whose `worker_app` implies the job does.
  func owners(_ section: ConfigSection, identity: ProcessIdentity) -> [String] {
    let listed = section.instanceNames(listKey, orSingle: true)
    let switched = switchKey.flatMap { section.bool($0) }
    let implied = identity.workerApp.map(legacyApps.contains) ?? false
    if let listed {
      if listed.isEmpty { warnOfNoOwner(section, because: listKey) }
      if let switchKey, switched == true, listed != [ProcessIdentity.mainName], !listed.isEmpty {
        section.problems.error(
          switchKey, listKey, at: section.location(of: switchKey),
          "`\(switchKey): true` gives the job to main, `\(listKey)` to others.",
          fix: "remove `\(switchKey)`, or `\(listKey)`")
      }
      checkImplied(implied, listed, section, identity)
      return listed
    }
    if switched == false {
      if implied { return [identity.instanceName] }
      if let switchKey, identity.isMain { warnOfNoOwner(section, because: switchKey) }
      return []
    }
    if implied {
      section.problems.error(
        "worker_app", listKey, at: section.location(of: "worker_app"),
        "\(identity.workerApp ?? "") is for a job that main does too, as `\(listKey)` is not set.",
        fix: "add `\(listKey): [\(identity.instanceName)]` to the configuration of all processes")
    }
    return [ProcessIdentity.mainName]
  }

  private func warnOfNoOwner(_ section: ConfigSection, because key: String) {
    section.problems.warning(
      key, listKey, at: section.location(of: key),
      "The main process does not do this job and no worker is named for it.",
      fix: "name its workers in `\(listKey)`")
  }

  /// A worker made for a job that the list gives to others only.
  private func checkImplied(
    _ implied: Bool, _ listed: [String], _ section: ConfigSection, _ identity: ProcessIdentity
  ) {
    guard implied, !listed.contains(identity.instanceName) else { return }
    let message =
      "\(identity.instanceName) is made for this job, but `\(listKey)` does not name it."
    let fix = "add \(identity.instanceName) to `\(listKey)` for all processes, or stop this worker"
    let location = section.location(of: "worker_app")
    if identity.workerApp?.hasPrefix("apus.") == true {
      section.problems.error("worker_app", listKey, at: location, message, fix: fix)
    } else {
      section.problems.warning("worker_app", listKey, at: location, message, fix: fix)
    }
  }
}
