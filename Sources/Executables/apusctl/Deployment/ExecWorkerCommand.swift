import ArgumentParser
import Glibc
import ServerConfig

struct ExecWorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec-worker",
    abstract: "Becomes the program for a worker's file, for systemd's templated unit.",
    discussion: """
      Reads the file's worker_app and executes the program for it, which lies beside apusctl, \
      with --config-path for each -c and for the file itself.
      """)

  @OptionGroup var config: ConfigOptions

  @Argument(help: "The worker's own file.")
  var file: String

  func run() async throws {
    let folder = try Files.programFolder()
    let launch: WorkerLaunch
    do throws(ConfigFailure) {
      launch = try WorkerLaunch.plan(
        workerFile: file, shared: config.configPath, folder: folder)
    } catch {
      throw Failure(error.description)
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = launch.arguments.map { strdup($0) }
    arguments.append(nil)
    execv(launch.executable, arguments)
    throw Failure("cannot execute \(launch.executable): \(String(cString: strerror(errno)))")
  }
}
