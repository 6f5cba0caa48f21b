/// The files behind `-c`/`--config-path` arguments, merged.
///
/// As Synapse does it: a folder stands for its `*.yaml` files in order of their names, and a
/// later file's top-level key replaces an earlier one's whole value.
package struct ConfigFiles: Sendable {
  /// The files in the order in which they were read.
  package let files: [String]
  package let members: [YAMLNode.Member]

  package static func read(_ paths: [String]) throws(ConfigFailure) -> ConfigFiles {
    let problems = ProblemList()
    var files: [String] = []
    var members: [YAMLNode.Member] = []
    if paths.isEmpty {
      problems.error(
        "--config-path", at: nil, "No configuration file was given.",
        fix: "start with `--config-path homeserver.yaml`")
    }
    for path in paths {
      for file in expand(path, problems) {
        files.append(file)
        guard let own = read(file, problems) else { continue }
        let names = Set(own.map(\.key))
        members.removeAll { names.contains($0.key) }
        members += own
      }
    }
    if !problems.all.errors.isEmpty { throw ConfigFailure(problems.all) }
    return ConfigFiles(files: files, members: members)
  }

  /// Configuration that is in no file.
  static func text(_ text: String) throws(ConfigFailure) -> ConfigFiles {
    do throws(YAMLError) {
      let root = try YAMLParser.parse(Array(text.utf8), file: "text")
      return ConfigFiles(files: [], members: root.members ?? [])
    } catch {
      throw ConfigFailure([ConfigProblem(.error, [], error.reason, at: error.location)])
    }
  }

  /// Names ending in `.yaml` only: editors leave other files behind.
  static func yamlFiles(in folder: String) throws(FileSystem.Failure) -> [String] {
    try FileSystem.list(folder).filter { $0.hasSuffix(".yaml") }.map { "\(folder)/\($0)" }
      .filter { FileSystem.kind(of: $0) == .file }
  }

  private static func expand(_ path: String, _ problems: ProblemList) -> [String] {
    switch FileSystem.kind(of: path) {
    case .file: return [path]
    case .folder:
      let files = try? yamlFiles(in: path)
      if files == nil {
        problems.error(
          "--config-path", at: nil, "The folder \(path) cannot be read.",
          fix: "let the server's user read it")
      }
      return files ?? []
    case .missing:
      problems.error(
        "--config-path", at: nil, "There is no file or folder \(path).", fix: "check the path")
      return []
    }
  }

  private static func read(_ file: String, _ problems: ProblemList) -> [YAMLNode.Member]? {
    let bytes: [UInt8]
    do throws(FileSystem.Failure) {
      bytes = try FileSystem.read(file)
    } catch {
      problems.error(
        "--config-path", at: nil, "The file \(error.path) cannot be read: \(error.reason).",
        fix: "let the server's user read it")
      return nil
    }
    do throws(YAMLError) {
      let root = try YAMLParser.parse(bytes, file: file)
      if root.isNull { return [] }
      guard let members = root.members else {
        throw YAMLError(
          location: root.location, reason: "the file must hold `key: value` lines at its top")
      }
      return members
    } catch {
      problems.error(
        "--config-path", at: error.location, "The file is not usable YAML: \(error.reason).",
        fix: "correct that line")
      return nil
    }
  }
}
