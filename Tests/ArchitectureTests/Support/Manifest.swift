/// What Package.swift declares, read from its text: the helpers there fix the folder of every
/// target, so names are enough.
struct Manifest {
  /// Folders of targets, from the top of the repository.
  let folders: [String]
  /// Modules and products that a target depends on, by the target's name.
  let dependencies: [String: [String]]

  init(_ text: String) {
    dependencies = Self.dependencies(text)
    var folders: [String] = []
    for match in text.matches(of: /layer\(\s*"(\w+)",\s*"(\w+)"/) {
      folders.append("Sources/\(match.1)/\(match.2)")
    }
    for match in text.matches(of: /shim\(\s*"(\w+)"/) { folders.append("Sources/Shims/\(match.1)") }
    for match in text.matches(of: /tests\(\s*"(\w+)"/) { folders.append("Tests/\(match.1)Tests") }
    for match in text.matches(of: /path: "([^"\\]+)"/) { folders.append(String(match.1)) }
    for match in text.matches(of: /"(apus[a-z-]*)"/) where String(match.1) != "apus" {
      folders.append("Sources/Executables/\(match.1)")
    }
    self.folders = folders
  }

  private static func dependencies(_ text: String) -> [String: [String]] {
    let products = Dictionary(
      text.matches(of: /static let (\w+) = product\("(\w+)"/).map { ($0.1, String($0.2)) },
      uniquingKeysWith: { first, _ in first })
    var dependencies: [String: [String]] = [:]
    for match in text.matches(
      of: /(layer|tests)\(\s*(?:"\w+",\s*)??"(\w+)",\s*\[([^\]]*)\]/)
    {
      let target = match.1 == "tests" ? "\(match.2)Tests" : String(match.2)
      dependencies[target] = match.3.matches(of: /"(\w+)"|Library\.(\w+)/).map { name in
        name.1.map(String.init) ?? name.2.flatMap { products[$0] } ?? ""
      }
    }
    return dependencies
  }

  func owns(_ path: String) -> Bool {
    folders.contains { path.hasPrefix($0 + "/") }
  }
}
