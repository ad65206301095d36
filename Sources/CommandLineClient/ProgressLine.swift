/// The line that shows that a sign-in waits: redrawn in place on a terminal, else one plain line a minute.
struct ProgressLine {
    private let console: Console
    private var frame = 0
    private var isShown = false
    /// What was printed last where nothing can be drawn over.
    private var printed: (text: String, minute: Int?)?

    init(console: Console) { self.console = console }

    mutating func show(_ text: String, secondsLeft: Int?) {
        if console.json { return }
        guard console.showsProgress else {
            let minute = secondsLeft.map { max(0, $0 - 1) / 60 }
            if let printed, printed == (text, minute) { return }
            console.note(text + (secondsLeft.map { ", \(TimeText.countdown($0)) left" } ?? "") + ".")
            printed = (text, minute)
            return
        }
        let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
        frame = (frame + 1) % frames.count
        let left = secondsLeft.map { " " + console.errorStyle.dim(TimeText.countdown($0) + " left") } ?? ""
        // Hide the cursor, to the line's start, draw, erase what is left of the line before.
        console.draw((isShown ? "" : "\u{1B}[?25l") + "\r" + frames[frame] + " " + text + left + "\u{1B}[K")
        isShown = true
    }

    /// Takes the line away and shows the cursor again.
    mutating func clear() {
        if isShown, console.showsProgress, !console.json { console.draw("\r\u{1B}[K\u{1B}[?25h") }
        isShown = false
    }
}
