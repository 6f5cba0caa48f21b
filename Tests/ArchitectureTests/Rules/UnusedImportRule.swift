/// Permissions and dependencies that nobody uses: each would let a layer grow where nothing asks
/// for it, and lengthens every build.
enum UnusedImportRule {
  private static let table = "Tests/ArchitectureTests/Rules/ImportRule.swift"
  /// Products that consist of several modules.
  private static let modules = [
    "Collections": ["Collections", "DequeModule", "HeapModule", "OrderedCollections"]
  ]

  /// Rows of the table of imports that allow more than their target uses.
  static func violations(
    in files: [SourceFile], table rows: [ImportRule.Row] = ImportRule.table
  ) -> [Violation] {
    let used = imports(of: files.filter { !$0.isTest })
    return rows.flatMap { row in
      row.imports.subtracting(used[row.target] ?? []).sorted().map { module in
        Violation(
          path: table, line: 1,
          message: "\(row.target) does not import \(module): take it out of its row")
      }
    }
  }

  /// Dependencies in the manifest that their target does not import.
  static func violations(in manifest: Manifest, files: [SourceFile]) -> [Violation] {
    let used = imports(of: files)
    return manifest.dependencies.flatMap { target, dependencies in
      dependencies.filter { dependency in
        (used[target] ?? []).isDisjoint(with: modules[dependency] ?? [dependency])
      }.map { dependency in
        Violation(
          path: "Package.swift", line: 1,
          message: "\(target) does not import \(dependency): take it out of its dependencies")
      }
    }
  }

  private static func imports(of files: [SourceFile]) -> [String: Set<String>] {
    files.reduce(into: [:]) { used, file in
      used[file.target, default: []].formUnion(ImportRule.imports(of: file).map(\.module))
    }
  }
}
