/// The whole configuration, typed. Sections are plain values; each holds its own defaults.
package struct HomeserverConfig: Sendable {
  package var server: ServerSection
  /// Of this process: `listeners` in main, `worker_listeners` in a worker.
  package var listeners: [Listener]
  package var tls: TLSSection?
  package var database: DatabaseSection
  package var redis: RedisSection
  package var fleet: FleetSection
  package var accounts: AccountsSection
  package var rooms: RoomsSection
  package var rateLimits: RateLimitsSection
  package var media: MediaSection
  package var federation: FederationSection
  package var services: ServicesSection
  package var caches: CachesSection
  package var tasks: TasksSection
  package var delayedEvents: DelayedEventsSection
  package var metrics: MetricsSection
  package var retention: RetentionSection
  package var logging: LoggingSection
  /// Gets the number of this process.
  package var pidFile: String?

  package var identity: ProcessIdentity { fleet.identity }
  package var duties: Set<Duty> { fleet.duties(of: identity) }

  package func duties(of identity: ProcessIdentity) -> Set<Duty> {
    fleet.duties(of: identity)
  }
}

/// A configuration without errors.
package struct LoadedConfig: Sendable {
  package let config: HomeserverConfig
  /// To be logged at the start.
  package let warnings: [ConfigProblem]
  /// The files that it was read from, in order.
  package let files: [String]

  package var identity: ProcessIdentity { config.identity }
}

extension HomeserverConfig {
  /// Reads and checks the files and folders behind `--config-path`.
  ///
  /// - Parameter executable: the kind of process that is starting; a file of another kind is an
  ///   error. Nil takes any.
  package static func load(
    paths: [String], for executable: WorkerRole? = nil
  ) throws(ConfigFailure) -> LoadedConfig {
    let files = try ConfigFiles.read(paths)
    return try load(files, for: executable)
  }

  /// Reads configuration given as text.
  package static func load(text: String) throws(ConfigFailure) -> LoadedConfig {
    try load(try ConfigFiles.text(text))
  }

  static func load(
    _ files: ConfigFiles, for executable: WorkerRole? = nil
  ) throws(ConfigFailure) -> LoadedConfig {
    let problems = ProblemList()
    let section = ConfigSection(files.members, path: "", at: nil, problems: problems)
    let config = HomeserverConfig(section, for: executable)
    section.reportNotOffered(KnownKeys.notOffered)
    section.reportUnknown(besides: KnownKeys.withoutEffect)
    guard let config, problems.all.errors.isEmpty else { throw ConfigFailure(problems.all) }
    return LoadedConfig(config: config, warnings: problems.all.warnings, files: files.files)
  }

  private init?(_ section: ConfigSection, for executable: WorkerRole?) {
    let identity = ProcessIdentity.read(section)
    if let identity, let executable { Self.check(identity, executable, section) }
    let known = identity ?? .main
    let server = ServerSection(section)
    let own = Listener.list(known.isMain ? "listeners" : "worker_listeners", in: section)
    listeners = own
    tls = TLSSection.read(section, for: own)
    database = DatabaseSection(section)
    redis = RedisSection(section)
    fleet = FleetSection(section, identity: known)
    accounts = AccountsSection(section)
    rooms = RoomsSection(section)
    rateLimits = RateLimitsSection(section)
    media = MediaSection(section)
    federation = FederationSection(section)
    services = ServicesSection(section)
    caches = CachesSection(section)
    tasks = TasksSection(section)
    delayedEvents = DelayedEventsSection(section)
    metrics = MetricsSection(section)
    retention = RetentionSection(section)
    logging = LoggingSection(section, isWorker: !known.isMain)
    let pidFiles = [section.string("pid_file"), section.string("worker_pid_file")]
    pidFile = known.isMain ? pidFiles[0] : pidFiles[1]
    if identity != nil {
      FleetChecks(fleet: fleet, listeners: own, redis: redis, section: section).run()
    }
    guard let server, identity != nil else { return nil }
    self.server = server
  }

  private static func check(
    _ identity: ProcessIdentity, _ executable: WorkerRole, _ section: ConfigSection
  ) {
    guard identity.role != executable else { return }
    section.problems.error(
      "worker_app", "--config-path", at: section.location(of: "worker_app"),
      "\(executable.executableName) was started with the configuration of "
        + "\(identity.instanceName), which is for \(identity.role.executableName).",
      fix: "start \(identity.role.executableName), or give the worker's own file last")
  }
}
