/// The authorisation rules of all room versions: what the cases have to cover.
///
/// That nothing is missing is tested beside the specification's text. A line is one rule
/// with one outcome, under the name that the cases use, and its number in the versions of each
/// column, counted as it is displayed there. A dash: no such rule; an equals sign: as to the left.
enum RuleList {
  static let text = """
    rule                        outcome 1-2       3-5 6         7     8-9       10    11  12
    create.prev_events          refuse  1.1       =   =         =     =         =     =   =
    create.room_domain          refuse  1.2       =   =         =     =         =     =   -
    create.room_id              refuse  -         =   =         =     =         =     =   1.2
    create.room_version         refuse  1.3       =   =         =     =         =     =   =
    create.creator              refuse  1.4       =   =         =     =         =     -   =
    create.additional_creators  refuse  -         =   =         =     =         =     =   1.4
    create                      allow   1.5       =   =         =     =         =     1.4 1.5
    room.no_create              refuse  2.4       =   =         =     =         =     =   2
    auth_events                 allow   2         =   =         =     =         =     =   3
    auth_events.duplicate       refuse  2.1       =   =         =     =         =     =   3.1
    auth_events.unexpected      refuse  2.2       =   =         =     =         =     =   3.2
    auth_events.rejected        refuse  2.3       =   =         =     =         =     =   3.3
    auth_events.no_create       refuse  2.4       =   =         =     =         =     =   -
    auth_events.other_room      refuse  2.5       =   =         =     =         =     =   3.4
    room.not_federated          refuse  3         =   =         =     =         =     =   4
    aliases.state_key           refuse  4.1       =   -         =     =         =     =   =
    aliases.server              refuse  4.2       =   -         =     =         =     =   =
    aliases                     allow   4.3       =   -         =     =         =     =   =
    member.state_key            refuse  5.1       =   4.1       =     =         =     =   5.1
    member.membership           refuse  5.1       =   4.1       =     =         =     =   5.1
    member.authoriser_signature refuse  -         =   =         =     4.2.1     =     =   5.2.1
    join.creator                allow   5.2.1     =   4.2.1     =     4.3.1     =     =   5.3.1
    join.sender                 refuse  5.2.2     =   4.2.2     =     4.3.2     =     =   5.3.2
    join.banned                 refuse  5.2.3     =   4.2.3     =     4.3.3     =     =   5.3.3
    join.invited                allow   5.2.4     =   4.2.4     =     4.3.4     =     =   5.3.4
    join.restricted             allow   -         =   =         =     4.3.5.1   =     =   5.3.5.1
    join.not_authorised         refuse  -         =   =         =     4.3.5.2   =     =   5.3.5.2
    join.authorised             allow   -         =   =         =     4.3.5.3   =     =   5.3.5.3
    join.public                 allow   5.2.5     =   4.2.5     =     4.3.6     =     =   5.3.6
    join.not_invited            refuse  5.2.6     =   4.2.6     =     4.3.7     =     =   5.3.7
    join.rule                   refuse  5.2.6     =   4.2.6     =     4.3.7     =     =   5.3.7
    invite_3pid.banned          refuse  5.3.1.1   =   4.3.1.1   =     4.4.1.1   =     =   5.4.1.1
    invite_3pid.unsigned        refuse  5.3.1.2   =   4.3.1.2   =     4.4.1.2   =     =   5.4.1.2
    invite_3pid.incomplete      refuse  5.3.1.3   =   4.3.1.3   =     4.4.1.3   =     =   5.4.1.3
    invite_3pid.target          refuse  5.3.1.4   =   4.3.1.4   =     4.4.1.4   =     =   5.4.1.4
    invite_3pid.token           refuse  5.3.1.5   =   4.3.1.5   =     4.4.1.5   =     =   5.4.1.5
    invite_3pid.sender          refuse  5.3.1.6   =   4.3.1.6   =     4.4.1.6   =     =   5.4.1.6
    invite_3pid.public_key      allow   5.3.1.7.1 =   4.3.1.7.1 =     4.4.1.7.1 =     =   5.4.1.7.1
    invite_3pid.public_keys     allow   5.3.1.7.2 =   4.3.1.7.2 =     4.4.1.7.2 =     =   5.4.1.7.2
    invite_3pid.signature       refuse  5.3.1.8   =   4.3.1.8   =     4.4.1.8   =     =   5.4.1.8
    invite.sender_not_joined    refuse  5.3.2     =   4.3.2     =     4.4.2     =     =   5.4.2
    invite.target               refuse  5.3.3     =   4.3.3     =     4.4.3     =     =   5.4.3
    invite.level                allow   5.3.4     =   4.3.4     =     4.4.4     =     =   5.4.4
    invite.level                refuse  5.3.5     =   4.3.5     =     4.4.5     =     =   5.4.5
    leave.own                   allow   5.4.1     =   4.4.1     =     4.5.1     =     =   5.5.1
    leave.own                   refuse  5.4.1     =   4.4.1     =     4.5.1     =     =   5.5.1
    leave.sender_not_joined     refuse  5.4.2     =   4.4.2     =     4.5.2     =     =   5.5.2
    leave.unban                 refuse  5.4.3     =   4.4.3     =     4.5.3     =     =   5.5.3
    leave.kick                  allow   5.4.4     =   4.4.4     =     4.5.4     =     =   5.5.4
    leave.kick                  refuse  5.4.5     =   4.4.5     =     4.5.5     =     =   5.5.5
    ban.sender_not_joined       refuse  5.5.1     =   4.5.1     =     4.6.1     =     =   5.6.1
    ban.level                   allow   5.5.2     =   4.5.2     =     4.6.2     =     =   5.6.2
    ban.level                   refuse  5.5.3     =   4.5.3     =     4.6.3     =     =   5.6.3
    knock.rule                  refuse  -         =   =         4.6.1 4.7.1     =     =   5.7.1
    knock.sender                refuse  -         =   =         4.6.2 4.7.2     =     =   5.7.2
    knock.membership            allow   -         =   =         4.6.3 4.7.3     =     =   5.7.3
    knock.membership            refuse  -         =   =         4.6.4 4.7.4     =     =   5.7.4
    member.unknown              refuse  5.6       =   4.6       4.7   4.8       =     =   5.8
    sender.not_joined           refuse  6         =   5         =     =         =     =   6
    third_party_invite.level    allow   7.1       =   6.1       =     =         =     =   7.1
    third_party_invite.level    refuse  7.1       =   6.1       =     =         =     =   7.1
    event.level                 refuse  8         =   7         =     =         =     =   8
    event.state_key             refuse  9         =   8         =     =         =     =   9
    power_levels.not_integer    refuse  -         =   =         =     =         9.1   =   10.1
    power_levels.map            refuse  -         =   =         =     =         9.2   =   10.2
    power_levels.users          refuse  10.1      =   9.1       =     =         9.3   =   10.3
    power_levels.creators       refuse  -         =   =         =     =         =     =   10.4
    power_levels.first          allow   10.2      =   9.2       =     =         9.4   =   10.5
    power_levels.current        refuse  10.3.1    =   9.3.1     =     =         9.5.1 =   10.6.1
    power_levels.new            refuse  10.3.2    =   9.3.2     =     =         9.5.2 =   10.6.2
    power_levels.entry_current  refuse  10.4.1    =   9.4.1     =     =         9.6.1 =   10.7.1
    power_levels.entry_new      refuse  10.5.1    =   9.5.1     =     =         9.7.1 =   10.8.1
    power_levels.user_current   refuse  10.6.1    =   9.6.1     =     =         9.8.1 =   10.9.1
    power_levels.user_new       refuse  10.7.1    =   9.7.1     =     =         9.9.1 =   10.10.1
    power_levels                allow   10.8      =   9.8       =     =         9.10  =   10.11
    redaction.power             allow   11.1      -   =         =     =         =     =   =
    redaction.server            allow   11.2      -   =         =     =         =     =   =
    redaction.level             refuse  11.3      -   =         =     =         =     =   =
    otherwise                   allow   12        11  10        =     =         =     =   11
    """
}
