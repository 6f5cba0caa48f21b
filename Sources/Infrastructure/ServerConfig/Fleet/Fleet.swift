/// The configurations of all processes of a server, read together: what `apusctl` works on.
package struct Fleet: Sendable {
  package struct Worker: Sendable {
    /// The worker's own file.
    package let file: String
    package let config: HomeserverConfig
  }

  package let main: HomeserverConfig
  package let workers: [Worker]
  package let warnings: [ConfigProblem]

  package var processes: [HomeserverConfig] { [main] + workers.map(\.config) }

  /// `cp_max` of each process.
  package var pools: [Int] { processes.map(\.database.maximumConnections) }

  /// - Parameters:
  ///   - shared: files and folders that every process is given.
  ///   - workers: the workers' own files; of a folder, those that have a `worker_app`.
  package static func load(
    shared: [String], workers: [String]
  ) throws(ConfigFailure) -> Fleet {
    let problems = ProblemList()
    let main = attempt(problems) { () throws(ConfigFailure) in
      try HomeserverConfig.load(paths: shared, for: .main)
    }
    var members: [Worker] = []
    for file in try workerFiles(workers) {
      let worker = attempt(problems) { () throws(ConfigFailure) in
        try HomeserverConfig.load(paths: shared + [file])
      }
      if let worker { members.append(Worker(file: file, config: worker.config)) }
    }
    guard let main, problems.all.errors.isEmpty else { throw ConfigFailure(problems.all) }
    WholeFleetChecks(main: main.config, workers: members, problems: problems).run()
    guard problems.all.errors.isEmpty else { throw ConfigFailure(problems.all) }
    return Fleet(main: main.config, workers: members, warnings: problems.all.warnings)
  }

  /// The worker files behind the arguments, in order.
  package static func workerFiles(_ paths: [String]) throws(ConfigFailure) -> [String] {
    var files: [String] = []
    for path in paths {
      switch FileSystem.kind(of: path) {
      case .file: files.append(path)
      case .folder:
        for file in (try? ConfigFiles.yamlFiles(in: path)) ?? [] {
          let own = try ConfigFiles.read([file])
          if own.members.contains(where: { $0.key == "worker_app" }) { files.append(file) }
        }
      case .missing:
        throw ConfigFailure([
          ConfigProblem(.error, ["--workers"], "There is no \(path).", fix: "check the path")
        ])
      }
    }
    return files
  }

  private static func attempt(
    _ problems: ProblemList, _ load: () throws(ConfigFailure) -> LoadedConfig
  ) -> LoadedConfig? {
    do throws(ConfigFailure) {
      let loaded = try load()
      problems.add(loaded.warnings)
      return loaded
    } catch {
      problems.add(error.problems)
      return nil
    }
  }
}
