/// Contradictions within the configuration of one process, found before it starts.
struct FleetChecks {
  let fleet: FleetSection
  let listeners: [Listener]
  let redis: RedisSection
  let section: ConfigSection

  private var problems: ProblemList { section.problems }

  func run() {
    checkWriters()
    checkSenders()
    checkPlaces()
    checkPrerequisites()
    checkOwnDuties()
    if !fleet.identity.isMain { checkWorker() }
  }

  private func at(_ key: String) -> SourceLocation? { section.location(of: key) }

  /// Requests for a stream go to its writer, so its place must be known.
  private func checkWriters() {
    let known = fleet.mappedNames
    for (stream, names) in fleet.streamWriters.all {
      for name in names where !known.contains(name) {
        if name == ProcessIdentity.mainName, !fleet.hasWorkers { continue }
        problems.error(
          "stream_writers.\(stream.rawValue)", "instance_map", at: at("stream_writers"),
          "\(name) writes the stream \(stream.rawValue), but `instance_map` does not say where "
            + "it answers.",
          fix: Suggestion.hint(for: name, among: known)
            ?? "add `\(name): {host: ..., port: ...}` to `instance_map`")
      }
    }
  }

  /// `instance_map` is the list of all workers when it names any that writes no stream; where
  /// it has the writers only, as Synapse's manual shows it, other names cannot be checked.
  private func checkSenders() {
    let known = fleet.mappedNames.union([fleet.identity.instanceName, "main"])
    let beyondWriters = fleet.mappedNames.subtracting(fleet.streamWriters.named)
      .subtracting([ProcessIdentity.mainName])
    let isRoster = !beyondWriters.isEmpty
    for job in Job.all {
      for name in Set(fleet.owners(of: job.duty)).subtracting(known).sorted() {
        let problem = ConfigProblem(
          isRoster ? .error : .warning, [job.listKey, "instance_map"],
          "`\(job.listKey)` names \(name), a worker that `instance_map` does not know.",
          fix: Suggestion.hint(for: name, among: fleet.mappedNames)
            ?? "add \(name) to `instance_map`, or remove it from `\(job.listKey)`",
          at: at(job.listKey))
        problems.add([problem])
      }
    }
  }

  private func checkPlaces() {
    var taken: [InstanceLocation: String] = [:]
    for (name, place) in fleet.instanceMap.sorted(by: { $0.key < $1.key }) {
      guard let other = taken.updateValue(name, forKey: place) else { continue }
      problems.error(
        "instance_map.\(other)", "instance_map.\(name)", at: at("instance_map"),
        "\(other) and \(name) cannot answer at one place.",
        fix: "give each instance the place of its own replication listener")
    }
  }

  private func checkPrerequisites() {
    guard fleet.hasWorkers else { return }
    let reason = fleet.identity.isMain && !fleet.instanceMap.isEmpty ? "instance_map" : "worker_app"
    if !redis.enabled {
      problems.error(
        reason, "redis.enabled", at: at(reason), "Workers hear of each other through Redis.",
        fix: "set `redis: {enabled: true}` with its host and port, or its path")
    }
    if fleet.replicationSecret?.isEmpty ?? true, !section.has("worker_replication_secret_path") {
      problems.error(
        reason, "worker_replication_secret", at: at(reason),
        "Workers prove to each other who they are with a secret, which is not set.",
        fix: "set `worker_replication_secret_path`, or `worker_replication_secret`, for all "
          + "processes")
    }
  }

  private func checkWorker() {
    if !fleet.mappedNames.contains(ProcessIdentity.mainName) {
      problems.error(
        "instance_map", "worker_app", at: at("instance_map"),
        "The worker does not know where main answers.",
        fix: "add `main: {host: ..., port: ...}` to `instance_map`")
    }
    if listeners.isEmpty {
      problems.warning(
        "worker_listeners", at: at("worker_app"),
        "The worker has no listener, so nobody can ask for its health.",
        fix: "add a listener with `type: http`")
    }
  }

  /// What the lists give to this process against what kind of process it is.
  private func checkOwnDuties() {
    let identity = fleet.identity
    let duties = fleet.duties(of: identity)
    if identity.role == .eventPersister, !fleet.streamWriters.named.contains(identity.instanceName)
    {
      problems.error(
        "worker_app", "stream_writers.events", at: at("worker_app"),
        "\(identity.instanceName) is made to write events, but `stream_writers` gives it no "
          + "stream.",
        fix: "add it to `stream_writers.events` for all processes, or stop this worker")
    }
    for (duty, key) in FleetSection.dutyKeys where duties.contains(duty) {
      guard !identity.role.canDo(duty) else { continue }
      problems.error(
        "worker_app", key, at: at("worker_app"),
        "`\(key)` names \(identity.instanceName), but \(identity.workerApp ?? "") cannot do that.",
        fix: "name another worker, or change its `worker_app`")
    }
    checkReplicationListener(duties)
  }

  private func checkReplicationListener(_ duties: Set<Duty>) {
    let name = fleet.identity.instanceName
    let isNamed = fleet.streamWriters.named.contains(name)
    guard fleet.hasWorkers, isNamed || duties.contains(.writeEvents) else { return }
    let key = fleet.identity.isMain ? "listeners" : "worker_listeners"
    let candidates = listeners.filter { $0.resources.contains(.replication) }
    guard !candidates.isEmpty else {
      problems.error(
        key, "stream_writers", at: at(key) ?? at("stream_writers"),
        "\(name) writes streams for other processes, but has no listener for `replication`.",
        fix: "add a listener with `resources: [{names: [replication]}]` to `\(key)`")
      return
    }
    guard let place = fleet.instanceMap[name], !candidates.contains(where: place.isServed) else {
      return
    }
    problems.warning(
      "instance_map.\(name)", key, at: at("instance_map"),
      "No replication listener of \(name) is where `instance_map` says.",
      fix: "use the same port or path in both, unless something in between translates it")
  }
}

extension FleetSection {
  /// The key that gives out each duty.
  static let dutyKeys: [(Duty, String)] =
    [(.writeEvents, "stream_writers.events"), (.writeStreams, "stream_writers")]
    + Job.all.map { ($0.duty, $0.listKey) }

  package func owners(of duty: Duty) -> [String] {
    duty == .writeEvents ? eventWriters : jobOwners(duty)
  }
}

extension WorkerRole {
  /// Main and the generic worker do anything; the others what they are made for.
  func canDo(_ duty: Duty) -> Bool {
    switch self {
    case .main, .genericWorker: true
    case .eventPersister: duty == .writeEvents || duty == .writeStreams
    case .federationSender: duty == .sendFederation
    case .pusher: duty == .push
    case .backgroundTasks:
      duty == .backgroundTasks || duty == .notifyApplicationServices
        || duty == .updateUserDirectory
    }
  }
}

extension InstanceLocation {
  func isServed(by listener: Listener) -> Bool {
    switch (self, listener.address) {
    case (.tcp(_, let port, _), .tcp(_, let served)): port == served
    case (.unix(let path), .unix(let served, _)): path == served
    default: false
    }
  }
}
