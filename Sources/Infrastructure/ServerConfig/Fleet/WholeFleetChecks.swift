/// Contradictions that show only when the files of all processes lie side by side.
struct WholeFleetChecks {
  let main: HomeserverConfig
  let workers: [Fleet.Worker]
  let problems: ProblemList

  func run() {
    checkNames()
    checkThatNamedWorkersExist()
    checkListeners()
  }

  private func checkNames() {
    var files: [String: String] = [:]
    for worker in workers {
      let name = worker.config.identity.instanceName
      guard let other = files.updateValue(worker.file, forKey: name) else { continue }
      problems.error(
        "worker_name", at: SourceLocation(file: worker.file, line: 1),
        "\(name) is the name of the worker in \(other) too.", fix: "rename one of them")
    }
  }

  private func checkThatNamedWorkersExist() {
    let known = Set(workers.map(\.config.identity.instanceName)).union(["main"])
    for (duty, key) in FleetSection.dutyKeys {
      for name in Set(main.fleet.owners(of: duty)).subtracting(known).sorted() {
        problems.error(
          key, "worker_name", at: nil,
          "`\(key)` names \(name), but no worker's file has that name.",
          fix: Suggestion.hint(for: name, among: known)
            ?? "write a file with `worker_name: \(name)`, or remove it from `\(key)`")
      }
    }
    for name in main.fleet.instanceMap.keys.filter({ !known.contains($0) }).sorted() {
      problems.warning(
        "instance_map.\(name)", "worker_name", at: nil,
        "`instance_map` has \(name), but no worker's file has that name.",
        fix: "remove it, or write the worker's file")
    }
  }

  /// Processes on one machine cannot share a port; those on different hosts can.
  private func checkListeners() {
    let processes = [main] + workers.map(\.config)
    for (index, process) in processes.enumerated() {
      for other in processes[..<index] where onOneMachine(process, other) {
        for listener in process.listeners {
          guard let taken = other.listeners.first(where: listener.collides) else { continue }
          problems.error(
            listener.addressKey, taken.addressKey, at: listener.location,
            "\(process.identity.instanceName) and \(other.identity.instanceName) both ask for "
              + "\(listener.addressText).",
            fix: "give one of them another")
        }
      }
    }
  }

  private func onOneMachine(_ left: HomeserverConfig, _ right: HomeserverConfig) -> Bool {
    guard let left = host(left), let right = host(right) else { return true }
    return left == right
  }

  private func host(_ process: HomeserverConfig) -> String? {
    guard case .tcp(let host, _, _) = main.fleet.instanceMap[process.identity.instanceName] else {
      return nil
    }
    return host
  }
}
