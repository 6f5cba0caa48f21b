import Foundation

/// One Swift file of the repository.
struct SourceFile: Sendable {
  /// From the top of the repository.
  let path: String
  let text: String
  /// `text` with comments and the contents of string literals blanked out, line for line.
  let code: String

  init(path: String, text: String) {
    self.path = path
    self.text = text
    code = SwiftMask.code(of: text)
  }

  /// The parts of the path: `Sources/GROUP/TARGET/...` or `Tests/TARGET/...`.
  var parts: [Substring] { path.split(separator: "/") }
  var isTest: Bool { parts.first == "Tests" }

  var target: String {
    let place = isTest ? 1 : 2
    return parts.indices.contains(place) ? String(parts[place]) : ""
  }

  var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

  /// Lines of the file as an editor counts them.
  var lineCount: Int {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
    return text.hasSuffix("\n") ? lines - 1 : lines
  }
}

/// A breach of a rule, with what to do instead.
struct Violation: Hashable, CustomStringConvertible, Sendable {
  let path: String
  let line: Int
  let message: String

  var description: String { "\(path):\(line): \(message)" }
}

enum SourceTree {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  static let files: [SourceFile] = ["Sources", "Tests"].flatMap(read)
    .sorted { $0.path < $1.path }

  static let manifest: String =
    (try? String(contentsOfFile: root + "/Package.swift", encoding: .utf8)) ?? ""

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root + "/" + path)
  }

  static func entries(of folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
  }

  private static func read(_ folder: String) -> [SourceFile] {
    let paths = FileManager.default.enumerator(atPath: root + "/" + folder)?.allObjects ?? []
    return paths.compactMap { entry in
      guard let name = entry as? String, name.hasSuffix(".swift") else { return nil }
      let path = folder + "/" + name
      guard let text = try? String(contentsOfFile: root + "/" + path, encoding: .utf8) else {
        return nil
      }
      return SourceFile(path: path, text: text)
    }
  }
}
