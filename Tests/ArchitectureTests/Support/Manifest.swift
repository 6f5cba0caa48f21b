/// What Package.swift declares, read from its text: the helpers there fix the folder of every
/// target, so names are enough.
struct Manifest {
  /// Folders of targets, from the top of the repository.
  let folders: [String]

  init(_ text: String) {
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

  func owns(_ path: String) -> Bool {
    folders.contains { path.hasPrefix($0 + "/") }
  }
}
