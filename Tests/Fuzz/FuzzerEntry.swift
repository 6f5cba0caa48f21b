import Glibc

private let target =
  getenv("APUS_FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) } ?? .json

/// What libFuzzer calls with each input. A trap is what it takes for a find.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try target.check(Array(UnsafeBufferPointer(start: start, count: count)))
  } catch {
    fatalError("\(error)")
  }
  return 0
}
