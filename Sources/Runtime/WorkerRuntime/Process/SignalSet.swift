import Glibc

/// The signals that a process acts on, taken one at a time by its first thread.
struct SignalSet {
  private var signals = sigset_t()

  /// Blocks the signals in this thread and in all that it starts later.
  init(_ numbers: [Int32]) {
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    // A peer that hangs up is an error of the write, not a reason to die.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Waits for the next signal.
  mutating func next() -> Int32 {
    var number: Int32 = 0
    while sigwait(&signals, &number) != 0 {}
    return number
  }
}
