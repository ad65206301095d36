/// "1 rule", "2 rules": a noun whose plural ends in "s".
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)" + (count == 1 ? "" : "s") }
