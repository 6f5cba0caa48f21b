import MatrixIdentifiers
import Testing

@testable import Ephemera

@Suite struct ActingDevicesTests {
  private let key: SyncingDevices.Key
  private let other: SyncingDevices.Key

  init() throws {
    let user = try #require(UserID("@a:x"))
    key = SyncingDevices.Key(userID: user, deviceID: "D")
    other = SyncingDevices.Key(userID: user, deviceID: "E")
  }

  @Test func aBusyDeviceIsToldOfOnceInAWhile() {
    var devices = ActingDevices()
    var told: [Int64] = []
    for now in stride(from: Int64(0), through: 60_000, by: 100) {
      if let report = devices.act(key, at: now) {
        #expect(report.kind == .acted && report.deviceID == "D")
        told.append(now)
      }
      if now % SyncingDevices.sweepInterval == 0 { devices.sweep(at: now) }
    }
    #expect(told == [0, 20_000, 40_000, 60_000])
  }

  @Test func eachDeviceIsToldOfByItself() {
    var devices = ActingDevices()
    let reports = [key, other, key].map { devices.act($0, at: 0) }
    #expect(reports.map { $0?.deviceID } == ["D", "E", nil])
  }

  @Test func afterAResetTheNextActivityIsTold() {
    var devices = ActingDevices()
    _ = devices.act(key, at: 0)
    devices.reset(key)
    let next = devices.act(key, at: 1)
    #expect(next?.kind == .acted)
  }

  @Test func nothingIsKeptOfThoseWhoHaveStopped() {
    var devices = ActingDevices()
    _ = devices.act(key, at: 0)
    devices.sweep(at: ActingDevices.interval - 1)
    #expect(!devices.isEmpty)
    devices.sweep(at: ActingDevices.interval)
    #expect(devices.isEmpty)
  }
}
