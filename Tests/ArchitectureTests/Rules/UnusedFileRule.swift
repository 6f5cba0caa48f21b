/// Swift files that nothing compiles, and place holders.
enum UnusedFileRule {
  static func violations(in file: SourceFile, manifest: Manifest) -> [Violation] {
    if !manifest.owns(file.path) {
      return [
        Violation(
          path: file.path, line: 1,
          message: "the file belongs to no target in Package.swift, so nothing compiles it: move "
            + "it into a target's folder, or delete it")
      ]
    }
    let statements = file.codeLines.filter { line in
      let words = line.split(separator: " ")
      return !words.isEmpty && !words.contains("import")
    }
    if statements.isEmpty {
      return [
        Violation(path: file.path, line: 1, message: "the file declares nothing: delete it")
      ]
    }
    if file.path.hasSuffix("/Stub.swift") {
      return [
        Violation(path: file.path, line: 1, message: "a place holder: write the target, or drop it")
      ]
    }
    return []
  }
}
