import SignedXML
import Testing

@Suite struct `A parsed document` {
    private func root(_ text: String) throws -> XMLElement { try XMLDocument(parsing: Array(text.utf8)).root }

    @Test(arguments: [
        ("<a>x<!-- y -->z</a>", "xz"), ("<a>x<![CDATA[<y>]]>z</a>", "x<y>z"), ("<a><!-- y --></a>", ""), ("<a/>", ""),
        ("<a>&lt;&#x41;&#66;&amp;amp;</a>", "<AB&amp;"), ("<a>x\r\ny</a>", "x\ny"), ("<a>x&#13;</a>", "x\r"),
        ("<a>alice@good.test<!---->.evil.test</a>", "alice@good.test.evil.test"),
        ("<a><![CDATA[]]>x<![CDATA[<!-- y -->]]></a>", "x<!-- y -->"), ("<a>é\u{1F600}</a>", "é\u{1F600}"),
    ])
    func `reads a value whole`(_ text: String, _ value: String) throws { #expect(try root(text).text == value) }

    @Test func `resolves names`() throws {
        let element = try root("<p:a xmlns:p='urn:1' xmlns='urn:2' p:b='1' b='2' xml:lang='en'><c xmlns=''/><d/></p:a>")
        #expect(element.name == XMLName("a", in: "urn:1"))
        #expect(element.children.map(\.name) == [XMLName("c"), XMLName("d", in: "urn:2")])
        #expect(element.attribute("b") == "2")
        #expect(element.attribute(XMLName("b", in: "urn:1")) == "1")
        #expect(element.attribute(XMLName("lang", in: "http://www.w3.org/XML/1998/namespace")) == "en")
        #expect(element.attributes.count == 3)
    }

    @Test(arguments: [
        ("<a b='x&#10;y\tz&lt;&quot;'/>", "x\ny z<\""), ("<a b=''/>", ""), ("<a b='&#x26;amp;'/>", "&amp;"),
    ])
    func `reads an attribute whole`(_ text: String, _ value: String) throws {
        #expect(try root(text).attribute("b") == value)
    }

    @Test func `keeps the order of texts and elements`() throws {
        let element = try root("<a>1<b>2</b>3<!-- -->4<c/></a>")
        #expect(
            element.content == [
                .text("1"), .element(XMLElement(name: XMLName("b"), content: [.text("2")])), .text("34"),
                .element(XMLElement(name: XMLName("c"))),
            ])
        #expect(element.text == nil)
    }

    @Test(arguments: [
        "<a ID='x'><b ID='x'/></a>", "<a ID='x'><b Id='x'/></a>", "<a id='x'><b><c ID='x'/></b></a>",
        "<a ID='x' Id='x'/>",
        "<a ID='x'><b xml:id='x'/></a>", "<a ID='x'><b ID='&#x78;'/></a>", "<a ID=''><b ID=''/></a>",
    ])
    func `has no ID twice`(_ text: String) {
        #expect(throws: SignedXMLError.duplicateID) { try root(text) }
    }

    @Test func `finds elements by their path`() throws {
        let element = try root("<a> <b/> text <c><d/><e/></c></a>")
        #expect(element.element(at: .root) == element)
        #expect(element.element(at: .root.child(1).child(1))?.name.local == "e")
        #expect(element.element(at: .root.child(1).child(2)) == nil)
        #expect(element.element(at: .root.child(-1)) == nil)
        #expect(throws: SignedXMLError.noSignature) {
            _ = try XMLDocument(parsing: Array("<a/>".utf8))
                .verifiedBytes(of: .root.child(3), keys: [], policy: AlgorithmPolicy())
        }
    }
}
