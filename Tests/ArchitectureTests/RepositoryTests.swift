import Foundation
import Testing

/// The rules over the whole repository.
struct RepositoryTests {
  private func expectNone(_ violations: [Violation]) {
    guard !violations.isEmpty else { return }
    let text = violations.map(\.description).joined(separator: "\n")
    Issue.record("\(violations.count) breaches:\n\(text)")
  }

  @Test func theTreeIsRead() {
    #expect(SourceTree.files.count > 100)
    #expect(
      SourceTree.files.contains { $0.path == "Tests/ArchitectureTests/RepositoryTests.swift" })
    #expect(SourceTree.manifest.contains("let package = Package("))
  }

  @Test func targetsImportOnlyWhatTheyMay() {
    expectNone(SourceTree.files.flatMap { ImportRule.violations(in: $0) })
  }

  @Test func whatMayBeImportedIsImported() {
    expectNone(UnusedImportRule.violations(in: SourceTree.files))
  }

  @Test func whatIsDependedOnIsImported() {
    let manifest = Manifest(SourceTree.manifest)
    #expect(manifest.dependencies["Postgres"]?.contains("CLibPQ") == true)
    expectNone(UnusedImportRule.violations(in: manifest, files: SourceTree.files))
  }

  @Test func whatIsDeclaredIsUsed() {
    expectNone(UnusedDeclarationRule.violations(in: SourceTree.files))
  }

  @Test func filesAndFunctionsAreSmall() {
    expectNone(SourceTree.files.flatMap { SizeRule.violations(in: $0) })
  }

  @Test func bannedConstructsAreNotUsed() {
    expectNone(SourceTree.files.flatMap { BannedRule.violations(in: $0) })
  }

  @Test func everyFileIsUsed() {
    let manifest = Manifest(SourceTree.manifest)
    expectNone(SourceTree.files.flatMap { UnusedFileRule.violations(in: $0, manifest: manifest) })
  }

  @Test func everyDeclaredFolderExists() {
    let manifest = Manifest(SourceTree.manifest)
    #expect(manifest.folders.count > 30)
    #expect(manifest.folders.filter { !SourceTree.exists($0) } == [])
  }

  /// Exceptions that are no longer needed would hide new breaches.
  @Test func exceptionsAreNeeded() {
    for ban in BannedRule.bans where ban.name == "@unchecked Sendable" {
      for path in ban.except {
        let file = SourceTree.files.first { $0.path == path }
        #expect(file?.code.contains("@unchecked Sendable") == true, "\(path) needs no exception")
      }
    }
  }

  /// The table itself keeps the layers: lower groups only, and no cycle inside a group.
  @Test func theTableKeepsTheLayers() {
    let rows = ImportRule.table
    let rank = Dictionary(
      uniqueKeysWithValues: ImportRule.groups.enumerated().map { ($0.element, $0.offset) })
    let byTarget = Dictionary(uniqueKeysWithValues: rows.map { ($0.target, $0) })
    for (index, row) in rows.enumerated() {
      for module in row.imports {
        guard let used = byTarget[module] else { continue }
        let isLower = (rank[used.group] ?? .max) < (rank[row.group] ?? .min)
        let isEarlier = rows[..<index].contains { $0.target == module } && used.group == row.group
        #expect(isLower || isEarlier, "\(row.target) must not stand below \(module)")
      }
    }
  }

  @Test func everyTargetHasARow() {
    let targets = Set(SourceTree.files.filter { !$0.isTest }.map(\.target))
    let rows = Set(ImportRule.table.map(\.target))
    #expect(targets.subtracting(rows) == [])
    #expect(rows.subtracting(targets) == [])
  }

  @Test func theTopLevelIsAsDesigned() throws {
    let known: Set<String> = [
      "Package.swift", "Package.resolved", "Sources", "Tests", "workers", "deploy", "Makefile",
      "README.md", "LICENSE",
    ]
    let ignored = try String(contentsOfFile: SourceTree.root + "/.gitignore", encoding: .utf8)
      .split(separator: "\n").map { $0.filter { $0 != "/" } }
    let extra = SourceTree.entries(of: "").filter {
      !$0.hasPrefix(".") && !known.contains($0) && !ignored.contains($0)
    }
    #expect(extra == [], "new entries belong into Sources, Tests, workers or deploy")
  }
}
