import SignedXML
import Testing

@Suite struct `An element` {
    @Test func `has a text only when it holds no element`() {
        let name = XMLName("a")
        #expect(XMLElement(name: name, content: [.text("x"), .text("y")]).text == "xy")
        #expect(XMLElement(name: name, content: [.text("x"), .element(XMLElement(name: name))]).text == nil)
    }
}
