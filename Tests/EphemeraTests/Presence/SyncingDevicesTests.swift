import MatrixIdentifiers
import Testing

@testable import Ephemera

@Suite struct SyncingDevicesTests {
  private let key: SyncingDevices.Key

  init() throws {
    key = SyncingDevices.Key(userID: try #require(UserID("@a:x")), deviceID: "D")
  }

  @Test func aBusyClientIsToldOfOnceInAWhile() {
    var devices = SyncingDevices()
    var told: [Int64] = []
    for now in stride(from: Int64(0), through: 60_000, by: 200) {
      if devices.begin(key, .online, isActive: false, at: now) != nil { told.append(now) }
      if now % SyncingDevices.sweepInterval == 0 {
        for report in devices.sweep(at: now) {
          #expect(report.kind == .still)
          told.append(now)
        }
      }
      devices.end(key, at: now + 100)
    }
    #expect(told == [0, 25_000, 50_000])
  }

  @Test func aLongPollIsToldOfWhileItLasts() {
    var devices = SyncingDevices()
    let first = devices.begin(key, .online, isActive: true, at: 0)
    #expect(first?.kind == .active)
    #expect(devices.sweep(at: 20_000).isEmpty)
    #expect(devices.sweep(at: 25_000).map(\.kind) == [.still])
    #expect(devices.sweep(at: 30_000).isEmpty)
    devices.end(key, at: 40_000)
    #expect(devices.sweep(at: 45_000).isEmpty, "the next one may be on its way")
    let ended = devices.sweep(at: 50_000)
    #expect(ended.map(\.kind) == [.ended] && ended.first?.age == 10_000)
    #expect(devices.isEmpty)
  }

  @Test func twoAtOnceEndWithTheLast() {
    var devices = SyncingDevices()
    _ = devices.begin(key, .online, isActive: false, at: 0)
    _ = devices.begin(key, .online, isActive: false, at: 0)
    devices.end(key, at: 1_000)
    #expect(devices.sweep(at: 20_000).isEmpty)
    devices.end(key, at: 21_000)
    #expect(devices.sweep(at: 31_000).map(\.kind) == [.ended])
  }

  @Test func aChangeIsToldAtOnceButNotTooOften() {
    var devices = SyncingDevices()
    _ = devices.begin(key, .online, isActive: false, at: 0)
    let early = devices.begin(key, .unavailable, isActive: false, at: 500)
    #expect(early == nil)
    let swept = devices.sweep(at: 5_000)
    #expect(swept.map(\.kind) == [.started] && swept.first?.state == .unavailable)
    let change = devices.begin(key, .online, isActive: false, at: 7_000)
    #expect(change?.kind == .started && change?.state == .online)
  }

  @Test func afterAResetTheNextSyncIsToldAndTheRunningOneIsNot() {
    var devices = SyncingDevices()
    _ = devices.begin(key, .online, isActive: false, at: 0)
    devices.reset(key)
    #expect(devices.sweep(at: 30_000).isEmpty)
    let next = devices.begin(key, .online, isActive: false, at: 30_100)
    #expect(next?.kind == .started)
  }
}
