import Glibc
import Synchronization

/// The file that records go to. A line is one write, so that lines of several threads and
/// processes never mix; the line's memory is used again.
package final class LogSink: Sendable {
  /// A scratch line that grew past this many bytes is given back.
  private static let keptCapacity = 16384

  private struct State {
    var descriptor: Int32
    var line: [UInt8] = []
  }

  private let state: Mutex<State>

  /// - Parameter descriptor: an open file; standard error is never closed here.
  package init(descriptor: Int32) {
    state = Mutex(State(descriptor: descriptor))
  }

  /// Writes to another file from here on, and closes the one before: after a rotation of logs the
  /// path is the same and the file a new one.
  package func redirect(to descriptor: Int32) {
    let former = state.withLock { state in
      defer { state.descriptor = descriptor }
      return state.descriptor
    }
    if former != STDERR_FILENO, former != descriptor { close(former) }
  }

  func write(_ compose: (inout [UInt8]) -> Void) {
    state.withLock { state in
      state.line.removeAll(keepingCapacity: state.line.capacity <= Self.keptCapacity)
      compose(&state.line)
      state.line.append(UInt8(ascii: "\n"))
      let descriptor = state.descriptor
      state.line.withUnsafeBytes { Self.put($0, to: descriptor) }
    }
  }

  /// Waits for a reader that is slow; what cannot be written is lost.
  private static func put(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, slowReaderMilliseconds) > 0 else { return }
      } else if errno != EINTR {
        return
      }
    }
  }

  private static let slowReaderMilliseconds: Int32 = 100
}
