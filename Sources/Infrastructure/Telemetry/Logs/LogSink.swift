import Glibc
import Synchronization

/// The file that records go to. A line is one write, so that lines of several threads and
/// processes never mix; the line's memory is used again.
package final class LogSink: Sendable {
  /// A scratch line that grew past this many bytes is given back.
  private static let keptCapacity = 16384

  private let descriptor: Int32
  private let scratch = Mutex<[UInt8]>([])

  /// - Parameter descriptor: an open file; it is not closed here.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  func write(_ compose: (inout [UInt8]) -> Void) {
    scratch.withLock { line in
      line.removeAll(keepingCapacity: line.capacity <= Self.keptCapacity)
      compose(&line)
      line.append(UInt8(ascii: "\n"))
      line.withUnsafeBytes(put)
    }
  }

  /// Waits for a reader that is slow; what cannot be written is lost.
  private func put(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, Self.slowReaderMilliseconds) > 0 else { return }
      } else if errno != EINTR {
        return
      }
    }
  }

  private static let slowReaderMilliseconds: Int32 = 100
}
