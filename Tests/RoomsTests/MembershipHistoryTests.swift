import RoomEvents
import Testing

@testable import Rooms

struct MembershipHistoryTests {
  @Test func anEventCountsItself() {
    let history = MembershipHistory([
      .init(3, Membership.invite), .init(5, Membership.join), .init(9, Membership.ban),
    ])
    let found = (1...10).map { history.membership(at: $0) }
    #expect(
      found == [
        "leave", "leave", "invite", "invite", "join", "join", "join", "join", "ban", "ban",
      ])
  }

  @Test(arguments: [("none", "leave"), ("leave", "leave"), ("\"", "leave"), ("knock", "knock")])
  func whatIsNoMembershipIsNone(value: String, membership: String) {
    #expect(MembershipHistory([.init(.min, value)]).membership(at: 1) == membership)
  }

  @Test func whoIsThereAllTheTime() {
    #expect(MembershipHistory.alwaysJoined.membership(at: .min) == "join")
    #expect(MembershipHistory.alwaysJoined.membership(at: .max) == "join")
    #expect(MembershipHistory([]).membership(at: .max) == "leave")
  }
}
