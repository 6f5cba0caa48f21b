import MatrixIdentifiers
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

struct ToldMembersTests {
  private static let lazy = "{\"room\":{\"state\":{\"lazy_load_members\":true}}}"

  private func request(
    _ knowledge: UInt64?, device: String? = "D", filter: String = lazy
  ) throws -> SyncRequest {
    var since = SyncToken(events: VectorToken(minimum: 1))
    since.knowledge = knowledge
    return SyncRequest(
      userID: try present(UserID(World.alice), "user id"), deviceID: device, since: since,
      timeout: .zero, fullState: false, filter: try SyncFilter(filter))
  }

  private func room(_ name: String = "r") throws -> RoomID {
    try present(RoomID("!\(name):x"), "room id")
  }

  private func members(_ users: Set<String>, replacing: Bool = false) -> NewMembers {
    NewMembers(users: users, replacesKnown: replacing)
  }

  @Test func whatWasToldCountsOnceItHasArrived() throws {
    let told = ToldMembers()
    let room = try room()
    #expect(told.known(to: try request(nil)).isEmpty)
    let first = told.note([room: members(["a"])], toldTo: try request(nil))
    #expect(first != nil)
    // The answer was lost: the device comes as before.
    #expect(told.known(to: try request(nil)).isEmpty)
    let second = told.note([room: members(["a", "b"])], toldTo: try request(nil))
    #expect(told.known(to: try request(first)).isEmpty)
    #expect(told.known(to: try request(second)) == [room: ["a", "b"]])
    // The same again, and what comes later is added.
    #expect(told.known(to: try request(second)) == [room: ["a", "b"]])
    let third = told.note([room: members(["c"])], toldTo: try request(second))
    #expect(told.known(to: try request(second)) == [room: ["a", "b"]])
    #expect(told.known(to: try request(third)) == [room: ["a", "b", "c"]])
    #expect(told.known(to: try request(second)).isEmpty, "the device has gone on")
  }

  @Test func whenNobodyIsToldTheNumberStays() throws {
    let told = ToldMembers()
    let first = told.note([try room(): members(["a"])], toldTo: try request(nil))
    #expect(told.note([:], toldTo: try request(first)) == first)
    #expect(told.note([:], toldTo: try request(77)) == 77)
    #expect(told.note([:], toldTo: try request(nil)) == nil)
  }

  @Test func aRoomThatIsToldWholeBeginsAnew() throws {
    let told = ToldMembers()
    let (one, two) = (try room("1"), try room("2"))
    let first = told.note([one: members(["a"]), two: members(["b"])], toldTo: try request(nil))
    _ = told.known(to: try request(first))
    let second = told.note([one: members(["c"], replacing: true)], toldTo: try request(first))
    #expect(told.known(to: try request(second)) == [one: ["c"], two: ["b"]])
  }

  /// As a device does that was answered by another worker in between.
  @Test func anUnknownNumberStandsForNobody() throws {
    let told = ToldMembers()
    let room = try room()
    let first = told.note([room: members(["a"])], toldTo: try request(nil))
    #expect(told.known(to: try request(99)).isEmpty)
    let second = told.note([room: members(["b"])], toldTo: try request(99))
    #expect(told.known(to: try request(second)) == [room: ["b"]])
    #expect(told.known(to: try request(first)).isEmpty)
  }

  @Test(arguments: [
    "{}", "{\"room\":{\"state\":{\"lazy_load_members\":true,\"include_redundant_members\":true}}}",
  ])
  func nothingIsKeptForOthers(_ filter: String) throws {
    let told = ToldMembers()
    let request = try request(5, filter: filter)
    #expect(told.note([try room(): members(["a"])], toldTo: request) == nil)
    let withoutDevice = try self.request(5, device: nil)
    #expect(told.note([try room(): members(["a"])], toldTo: withoutDevice) == nil)
  }

  @Test func devicesAreApart() throws {
    let told = ToldMembers()
    let first = told.note([try room(): members(["a"])], toldTo: try request(nil))
    #expect(told.known(to: try request(first, device: "E")).isEmpty)
    #expect(!told.known(to: try request(first)).isEmpty)
  }

  @Test func whatIsKeptIsBounded() throws {
    let told = ToldMembers(limits: ToldMembers.Limits(ofDevice: 3, members: 8, devices: 4))
    var numbers: [UInt64?] = []
    for device in 0..<20 {
      let users = Set((0..<(device % 4 + 1)).map { "u\($0)" })
      let number = told.note(
        [try room(): members(users)], toldTo: try request(nil, device: "\(device)"))
      numbers.append(number)
      let known = told.known(to: try request(number, device: "\(device)"))[try room()] ?? []
      #expect(known == (users.count > 3 ? [] : users))
    }
    var held = (devices: 0, members: 0)
    for (device, number) in numbers.enumerated() {
      let known = told.known(to: try request(number, device: "\(device)"))[try room()] ?? []
      held.devices += known.isEmpty ? 0 : 1
      held.members += known.count
    }
    #expect(held.devices <= 4 && held.members <= 8 + 3)
    #expect(held.devices > 0)
  }
}
