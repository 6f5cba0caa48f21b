/// Durations and sizes as Synapse writes them.
enum Quantities {
  /// `"10s"`, `"5m"`, `"1h"`, `"2d"`, `"1w"`, `"1y"`; without a unit, milliseconds.
  static func duration(_ text: String) -> Duration? {
    let units: [Character: Int64] = [
      "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000,
      "y": 365 * 86_400_000,
    ]
    return scaled(text, units).map { Duration.milliseconds($0) }
  }

  /// `"10K"`, `"50M"`, `"1G"`, `"1T"` in powers of 1024; without a unit, bytes.
  static func size(_ text: String) -> Int64? {
    scaled(text, ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40])
  }

  private static func scaled(_ text: String, _ units: [Character: Int64]) -> Int64? {
    var number = text[...]
    var factor: Int64 = 1
    if let last = text.last, let unit = units[last] {
      factor = unit
      number = number.dropLast()
    }
    guard let count = Int64(number), count >= 0 else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }
}
