import Foundation
import TestKit

extension TemporaryFolder {
  /// Writes a file, with the folders that it needs, and gives its path.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return file
  }

  func writeExecutable(_ name: String) throws {
    let file = try write(name, "#!/bin/sh\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
  }
}

/// Top of the repository.
let repositoryPath = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

struct ToolResult {
  let status: Int32
  let output: String
}

struct MissingTool: Error, CustomStringConvertible {
  let name: String
  let package: String
  var description: String { "\(name) is not installed: apt-get install \(package)" }
}

/// A program of the machine. Debian keeps some where plain users do not look.
func findTool(_ name: String, package: String) throws -> String {
  let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/sbin", "/bin"]
  let path = folders.map { "\($0)/\(name)" }.first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  guard let path else { throw MissingTool(name: name, package: package) }
  return path
}

/// Runs a program to its end; both of its outputs are given.
func runTool(_ name: String, package: String, _ arguments: [String]) throws -> ToolResult {
  let path = try findTool(name, package: package)
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return ToolResult(
    status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
}
