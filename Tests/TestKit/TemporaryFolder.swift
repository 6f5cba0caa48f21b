import Glibc

/// A folder of its own for one test, gone when the test lets go of it.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    var template = Array("/tmp/apus-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw SubprocessFailure(description: "mkdtemp: error \(errno)")
    }
    path = String(cString: made)
  }

  deinit {
    try? Subprocess.run(["rm", "-rf", path], log: "/dev/null")
  }

  package func file(_ name: String) -> String { "\(path)/\(name)" }
}
