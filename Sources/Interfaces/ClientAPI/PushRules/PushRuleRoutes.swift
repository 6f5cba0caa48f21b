import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import PushRules

/// All rules of a user.
///
/// spec: client-server-api#push-rules-api
func pushRulesetRoutes(_ rules: PushRules, _ authenticated: Authenticated) -> [Route] {
  [
    pushRoute(
      "push_rules", .get, "/pushrules/", "/pushrules",
      handler: authenticated { requester, _ in
        let user = requester.userID
        return .json(200, try await rules.ruleset(of: user).rendered(for: user))
      }),
    pushRoute(
      "push_rules_global", .get, "/pushrules/global/", "/pushrules/global",
      handler: authenticated { requester, _ in
        let user = requester.userID
        return .json(200, try await rules.ruleset(of: user).renderedGlobal(for: user))
      }),
    // They are account data as well, which cannot be set like other kinds.
    pushRoute(
      "push_rules_account_data", .get, "/user/{userId}/account_data/m.push_rules",
      handler: authenticated(guests: .allowed) { requester, request in
        let user = try request.ownUserID(requester)
        return .json(200, try await rules.ruleset(of: user).rendered(for: user))
      }),
  ]
}

/// One rule of a user.
func pushRuleRoutes(_ rules: PushRules, _ authenticated: Authenticated) -> [Route] {
  let endpoint = "/pushrules/global/{kind}/{ruleId}"
  return [
    pushRoute(
      "push_rule", .get, endpoint,
      handler: authenticated { requester, request in
        let (kind, id) = try request.existingRule()
        let ruleset = try await rules.ruleset(of: requester.userID)
        guard let rule = ruleset.rendered(kind, id, for: requester.userID) else {
          throw PushRuleError.unknownRule.refusal
        }
        return .json(200, rule)
      }),
    pushRoute(
      "set_push_rule", .put, endpoint,
      handler: authenticated { requester, request in
        guard let kind = request.ruleKind else {
          throw MatrixError.invalidParam("Unknown kind of push rule")
        }
        let body = try request.json()
        _ = try body.requiredArray("actions")
        let draft = try refusing { () throws(PushRuleError) in
          try RuleDraft(body, kind: kind)
        }
        try await rules.change(
          .put(kind, id: request.path("ruleId"), draft, request.rulePlace), of: requester.userID)
        return .empty
      }),
    pushRoute(
      "delete_push_rule", .delete, endpoint,
      handler: authenticated { requester, request in
        let (kind, id) = try request.existingRule()
        try await rules.change(.delete(kind, id: id), of: requester.userID)
        return .empty
      }),
  ] + attributeRoutes(endpoint, rules, authenticated)
}

private func attributeRoutes(
  _ endpoint: String, _ rules: PushRules, _ authenticated: Authenticated
) -> [Route] {
  [
    pushRoute(
      "push_rule_enabled", .get, endpoint + "/enabled",
      handler: authenticated { requester, request in
        let (kind, id) = try request.existingRule()
        let ruleset = try await rules.ruleset(of: requester.userID)
        guard let isEnabled = ruleset.isEnabled(kind, id) else {
          throw PushRuleError.unknownRule.refusal
        }
        return .json(200, ["enabled": .bool(isEnabled)])
      }),
    pushRoute(
      "set_push_rule_enabled", .put, endpoint + "/enabled",
      handler: authenticated { requester, request in
        let (kind, id) = try request.existingRule()
        guard let isEnabled = try request.json().optionalBool("enabled") else {
          throw MatrixError.missingParam("enabled")
        }
        try await rules.change(.setEnabled(kind, id: id, isEnabled), of: requester.userID)
        return .empty
      }),
    pushRoute(
      "push_rule_actions", .get, endpoint + "/actions",
      handler: authenticated { requester, request in
        let (kind, id) = try request.existingRule()
        let ruleset = try await rules.ruleset(of: requester.userID)
        guard let actions = ruleset.actions(kind, id) else {
          throw PushRuleError.unknownRule.refusal
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("actions")
        writer.raw(actions.json)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    pushRoute(
      "set_push_rule_actions", .put, endpoint + "/actions",
      handler: authenticated { requester, request in
        let (kind, id) = try request.existingRule()
        let given = try request.json().required("actions")
        let actions = try refusing { () throws(PushRuleError) in try PushActionList(given) }
        try await rules.change(.setActions(kind, id: id, actions), of: requester.userID)
        return .empty
      }),
  ]
}

/// Turns what is wrong with a rule into what its client is told.
private func refusing<Value>(_ read: () throws(PushRuleError) -> Value) throws -> Value {
  do throws(PushRuleError) {
    return try read()
  } catch {
    throw error.refusal
  }
}

extension Request {
  fileprivate var ruleKind: PushRuleKind? {
    PushRuleKind(rawValue: path("kind"))
  }

  /// A rule of a kind that there is not does not exist.
  fileprivate func existingRule() throws -> (kind: PushRuleKind, id: String) {
    guard let kind = ruleKind else { throw PushRuleError.unknownRule.refusal }
    return (kind, path("ruleId"))
  }

  /// `before` goes first where both are given.
  fileprivate var rulePlace: RulePlace {
    query["before"].map { .before($0) } ?? query["after"].map { .after($0) } ?? .unchanged
  }
}
