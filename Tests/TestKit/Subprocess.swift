package import Glibc

package struct SubprocessFailure: Error, CustomStringConvertible {
  package let description: String
}

/// Runs other programs; blocks the calling thread.
package enum Subprocess {
  private static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]

  /// Runs a program to its end, with its output in the file `log`.
  /// - Throws: `SubprocessFailure` unless it ends with 0.
  package static func run(_ arguments: [String], log: String) throws {
    let process = try start(arguments, log: log)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
      let command = arguments.joined(separator: " ")
      throw SubprocessFailure(description: "\(command): status \(status), see \(log)")
    }
  }

  /// Starts a program, in a process group of its own, and does not wait for it.
  /// - Returns: its process id.
  @discardableResult
  package static func start(_ arguments: [String], log: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(
      &actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK))
    var process = pid_t()
    let code = withCStrings(arguments) { argv in
      withCStrings(environment) { envp in
        posix_spawnp(&process, arguments.first ?? "", &actions, &attributes, argv, envp)
      }
    }
    guard code == 0 else {
      throw SubprocessFailure(description: "cannot start \(arguments.first ?? ""): \(code)")
    }
    return process
  }

  /// Stops a process until `resume`.
  package static func suspend(_ process: Int64) {
    kill(pid_t(process), SIGSTOP)
  }

  package static func resume(_ process: Int64) {
    kill(pid_t(process), SIGCONT)
  }

  private static func withCStrings<Value>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
  ) -> Value {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
