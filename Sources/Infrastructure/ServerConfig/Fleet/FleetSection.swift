/// How the work is divided between processes, and which of them this one is.
package struct FleetSection: Sendable {
  package let identity: ProcessIdentity
  /// Where to send replication requests for an instance.
  package let instanceMap: [String: InstanceLocation]
  /// The names of `instance_map`, also of entries that are not usable.
  let mappedNames: Set<String>
  package let streamWriters: StreamWriters
  package let replicationSecret: String?
  private let owners: [Duty: [String]]

  /// In the order of the list, on which the division of the work depends.
  package var eventWriters: [String] { streamWriters[.events] }
  package var federationSenders: [String] { owners[.sendFederation] ?? [] }
  package var pushers: [String] { owners[.push] ?? [] }
  package var backgroundTasksInstance: String {
    owners[.backgroundTasks]?.first ?? ProcessIdentity.mainName
  }

  func jobOwners(_ duty: Duty) -> [String] { owners[duty] ?? [] }

  /// Whether there are processes beside main.
  package var hasWorkers: Bool { !identity.isMain || !workerNames.isEmpty }

  /// Every worker that this configuration knows of.
  package var workerNames: Set<String> {
    var names = Set(instanceMap.keys).union(namedForWork)
    if !identity.isMain { names.insert(identity.instanceName) }
    names.remove(ProcessIdentity.mainName)
    return names
  }

  /// Instances that a list gives work to.
  var namedForWork: Set<String> {
    Set(owners.values.joined()).union(streamWriters.named)
  }

  init(_ section: ConfigSection, identity: ProcessIdentity) {
    self.identity = identity
    instanceMap = Self.instanceMap(section)
    mappedNames = Set(instanceMap.keys).union(section.section("instance_map").keys)
    streamWriters = StreamWriters(section)
    replicationSecret = section.secret("worker_replication_secret")
    var owners: [Duty: [String]] = [:]
    for job in Job.all { owners[job.duty] = job.owners(section, identity: identity) }
    self.owners = owners
    warnOfOldKeys(section)
  }

  /// What the process does. A generic worker that a list names has that duty too.
  package func duties(of identity: ProcessIdentity) -> Set<Duty> {
    var duties = Set(owners.filter { $0.value.contains(identity.instanceName) }.keys)
    if eventWriters.contains(identity.instanceName) { duties.insert(.writeEvents) }
    if streamWriters.hasShare(identity.instanceName) { duties.insert(.writeStreams) }
    switch identity.role {
    case .main: duties.formUnion([.migrate, .serveClients])
    case .genericWorker: duties.insert(.serveClients)
    case .eventPersister, .federationSender, .pusher, .backgroundTasks: break
    }
    return duties
  }

  private static func instanceMap(_ section: ConfigSection) -> [String: InstanceLocation] {
    let map = section.section("instance_map")
    var locations: [String: InstanceLocation] = [:]
    for name in map.keys {
      locations[name] = InstanceLocation.read(map.section(name))
    }
    if locations[ProcessIdentity.mainName] == nil, let main = olderMainLocation(section) {
      locations[ProcessIdentity.mainName] = main
    }
    return locations
  }

  /// `worker_replication_host` and its kind, from before main had its place in `instance_map`.
  private static func olderMainLocation(_ section: ConfigSection) -> InstanceLocation? {
    let usesTLS = section.bool("worker_replication_http_tls") ?? false
    let port = section.integer("worker_replication_http_port", in: 1...65535)
    guard let host = section.string("worker_replication_host"), let port else { return nil }
    section.problems.warning(
      "worker_replication_host", "instance_map",
      at: section.location(of: "worker_replication_host"), "This is the older way to find main.",
      fix: "write `instance_map: {main: {host: \(host), port: \(port)}}` instead")
    return .tcp(host: host, port: port, usesTLS: usesTLS)
  }

  private func warnOfOldKeys(_ section: ConfigSection) {
    if section.has("worker_main_http_uri") {
      section.problems.warning(
        "worker_main_http_uri", at: section.location(of: "worker_main_http_uri"),
        "No request is passed on to main: every worker answers it itself.",
        fix: "remove the key")
    }
    if section.has("worker_replication_port") {
      section.problems.warning(
        "worker_replication_port", "redis", at: section.location(of: "worker_replication_port"),
        "Replication over TCP is long gone; Redis carries it.", fix: "remove the key")
    }
  }
}
