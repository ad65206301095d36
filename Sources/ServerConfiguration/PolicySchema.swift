/// The JSON Schema of policy files: what editors complete and underline. It allows all that `PolicyFile` accepts, and most of
/// what it refuses is refused by it.
///
/// Source: JSON Schema, draft 2020-12.
package enum PolicySchema {
    package static var text: String {
        #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "ztna policy",
          "description": "Who may reach what. What no rule allows is refused.",
          "type": "object",
          "required": ["rules"],
          "additionalProperties": false,
          "properties": {
            "groups": {
              "description": "Groups of this policy, made of people and of other groups.",
              "type": "object",
              "additionalProperties": { "$ref": "#/$defs/selectors" }
            },
            "tag_owners": {
              "description": "Who may give a tag to a device and take it away, beside administrators.",
              "type": "object",
              "propertyNames": { "pattern": "^(tag:)?[a-z0-9-]{1,64}$" },
              "additionalProperties": { "$ref": "#/$defs/owners" }
            },
            "services": {
              "description": "Names for services, for use in allow and on.",
              "type": "object",
              "propertyNames": { "pattern": "^[a-z0-9-]{1,64}$", "not": { "enum": ["any", "tcp", "udp", "icmp"] } },
              "additionalProperties": { "$ref": "#/$defs/services" }
            },
            "rules": { "type": "array", "items": { "$ref": "#/$defs/rule" } },
            "grants": { "type": "array", "items": { "$ref": "#/$defs/grant" } },
            "tests": { "type": "array", "items": { "$ref": "#/$defs/test" } }
          },
          "$defs": {
            "name": {
              "type": "string",
              "pattern": "^[a-z0-9-]{1,64}$",
              "not": { "pattern": "^grant-" }
            },
            "selector": {
              "description": "user:ADDRESS, group:NAME, tag:NAME, device:NAME, or \"*\" for everybody.",
              "type": "string",
              "pattern": "^([*]|user:[^@ ]+@[^@ ]+|group:.+|tag:[a-z0-9-]{1,64}|device:[A-Za-z0-9-]{1,63})$"
            },
            "selectors": {
              "anyOf": [
                { "$ref": "#/$defs/selector" },
                { "type": "array", "minItems": 1, "maxItems": 1000, "items": { "$ref": "#/$defs/selector" } }
              ]
            },
            "owner": { "type": "string", "pattern": "^(user:[^@ ]+@[^@ ]+|group:.+)$" },
            "owners": {
              "anyOf": [
                { "$ref": "#/$defs/owner" },
                { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/owner" } }
              ]
            },
            "service": {
              "description": "tcp/22, tcp/8000-8100, udp/53, tcp, udp, icmp, any, or a name of services.",
              "type": "string",
              "pattern": "^((tcp|udp)/[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?|[a-z0-9-]{1,64})$"
            },
            "services": {
              "anyOf": [
                { "$ref": "#/$defs/service" },
                { "type": "array", "minItems": 1, "maxItems": 1000, "items": { "$ref": "#/$defs/service" } }
              ]
            },
            "duration": { "description": "90s, 30m, 12h or 7d.", "type": "string", "pattern": "^[1-9][0-9]{0,7}[smhd]$" },
            "age": {
              "description": "never, or how long ago: 90s, 30m, 12h or 7d.",
              "type": "string",
              "pattern": "^(never|[1-9][0-9]{0,7}[smhd])$"
            },
            "check": { "type": "string", "pattern": "^[a-z0-9-]{1,64}$" },
            "checks": {
              "anyOf": [
                { "$ref": "#/$defs/check" },
                { "type": "array", "minItems": 1, "maxItems": 256, "items": { "$ref": "#/$defs/check" } }
              ]
            },
            "place": {
              "description": "A country such as DE, or a network such as 192.0.2.0/24.",
              "type": "string",
              "pattern": "^([A-Z]{2}|[0-9.]+(/[0-9]+)?|[0-9a-fA-F:.]+(/[0-9]+)?)$"
            },
            "places": {
              "anyOf": [
                { "$ref": "#/$defs/place" },
                { "type": "array", "minItems": 1, "maxItems": 256, "items": { "$ref": "#/$defs/place" } }
              ]
            },
            "moment": {
              "type": "string",
              "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})$"
            },
            "end": {
              "description": "A moment such as 2026-12-31T18:00:00+01:00, or a day: the end of it, universal time.",
              "type": "string",
              "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
            },
            "system": { "type": "string", "pattern": "^[a-z0-9-]{1,32}$" },
            "systems": {
              "anyOf": [
                { "$ref": "#/$defs/system" },
                { "type": "array", "minItems": 1, "maxItems": 256, "items": { "$ref": "#/$defs/system" } }
              ]
            },
            "when": {
              "description": "All of it must hold.",
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "mfa": { "description": "Signed in with a second factor within.", "$ref": "#/$defs/duration" },
                "auth_age": { "description": "Signed in within.", "$ref": "#/$defs/duration" },
                "session_age": { "description": "The session is younger than.", "$ref": "#/$defs/duration" },
                "posture": { "description": "Checks that the device passes.", "$ref": "#/$defs/checks" },
                "hours": {
                  "description": "Days and times, and their time zone: Mon-Fri 08:00-19:00 Europe/Berlin.",
                  "type": "string"
                },
                "from": { "description": "Only from one of these places.", "$ref": "#/$defs/places" },
                "until": { "$ref": "#/$defs/end" },
                "device": {
                  "type": "object",
                  "minProperties": 1,
                  "additionalProperties": false,
                  "properties": { "os": { "$ref": "#/$defs/systems" }, "managed": { "type": "boolean" } }
                }
              }
            },
            "rule": {
              "type": "object",
              "required": ["name", "source", "destination", "allow"],
              "additionalProperties": false,
              "properties": {
                "name": { "$ref": "#/$defs/name" },
                "source": { "$ref": "#/$defs/selectors" },
                "destination": { "$ref": "#/$defs/selectors" },
                "allow": { "$ref": "#/$defs/services" },
                "when": { "$ref": "#/$defs/when" }
              }
            },
            "grant": {
              "description": "Access of one person until a moment.",
              "type": "object",
              "required": ["name", "user", "destination", "allow", "until", "reason"],
              "additionalProperties": false,
              "properties": {
                "name": { "$ref": "#/$defs/name" },
                "user": { "type": "string", "pattern": "^(user:)?[^@ ]+@[^@ ]+$" },
                "destination": { "$ref": "#/$defs/selectors" },
                "allow": { "$ref": "#/$defs/services" },
                "until": { "$ref": "#/$defs/end" },
                "reason": { "type": "string", "minLength": 1 },
                "when": { "$ref": "#/$defs/when" }
              }
            },
            "test": {
              "type": "object",
              "required": ["from", "to", "on", "expect"],
              "additionalProperties": false,
              "properties": {
                "from": { "$ref": "#/$defs/selectors" },
                "to": { "$ref": "#/$defs/selectors" },
                "on": { "$ref": "#/$defs/services" },
                "given": { "$ref": "#/$defs/given" },
                "expect": { "enum": ["allow", "deny"] }
              }
            },
            "given": {
              "description": "Conditions on what is not given here are taken to hold.",
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "mfa": { "$ref": "#/$defs/age" },
                "auth_age": { "$ref": "#/$defs/age" },
                "session_age": { "$ref": "#/$defs/age" },
                "at": { "$ref": "#/$defs/moment" },
                "from": {
                  "description": "A country such as DE, or an address such as 192.0.2.7.",
                  "type": "string",
                  "pattern": "^([A-Z]{2}|[0-9.]+|[0-9a-fA-F:.]+)$"
                },
                "posture": {
                  "type": "object",
                  "propertyNames": { "pattern": "^[a-z0-9-]{1,64}$" },
                  "additionalProperties": { "enum": ["pass", "fail", "unknown"] }
                },
                "os": { "$ref": "#/$defs/system" },
                "managed": { "type": "boolean" }
              }
            }
          }
        }

        """#
    }
}
