import Foundation
import SignedXML
import Testing

@Suite struct `Before parsing` {
    static func refusal(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) -> SignedXMLError? {
        do {
            _ = try XMLDocument(parsing: bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    static func refusal(_ text: String, limits: XMLLimits = XMLLimits()) -> SignedXMLError? {
        refusal(Array(text.utf8), limits: limits)
    }

    @Test(arguments: [
        "<a/>", "<a></a >", "<?xml version=\"1.0\"?><a/>",
        "<?xml version='1.0' encoding='utf-8' standalone='no' ?>\n<a/>\n",
        "\u{FEFF}<a/>",
        "<!-- one --><a b = '<!-- no -->&lt;'.replaced/>".replacing("<!-- no -->", with: "&gt;")
            .replacing(".replaced", with: ""),
        "<a><![CDATA[<b>]]]]><![CDATA[>]]></a>", "<a b='>' c=\"/>'\"/>", "<é:ö xmlns:é='urn:x'/>", "<a>\r\n\t]]</a>",
        "<a b='&#9;&apos;'>&#65;&#x1F600;&#xd;&amp;&lt;&gt;&quot;&#0000065;\u{FFFD}\u{FEFF}\u{F8FF}]] ></a>",
    ])
    func `lets through`(_ text: String) { #expect(Self.refusal(text) == nil) }

    @Test(arguments: [
        ("<!DOCTYPE a><a/>", SignedXMLError.doctype), ("<!doctype a><a/>", .doctype),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", .doctype), ("<a><!ENTITY e 'x'></a>", .doctype),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", .doctype), ("<a><!ELEMENT a ANY></a>", .doctype),
        ("<a><![INCLUDE[x]]></a>", .doctype), ("<a><![cdata[x]]></a>", .doctype),
        ("<!-- a --><!DOCTYPE a><a/>", .doctype),
        ("<?php x?><a/>", .processingInstruction), ("<a><?x?></a>", .processingInstruction),
        ("<a/><?x?>", .processingInstruction), (" <?xml version='1.0'?><a/>", .processingInstruction),
        ("<?xml-stylesheet href='x'?><a/>", .processingInstruction),
        ("<?XML version='1.0'?><a/>", .processingInstruction),
        ("<a><?xml version='1.0'?></a>", .processingInstruction), ("<?xml?><a/>", .processingInstruction),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", .encoding),
        ("<?xml version='1.0' encoding='latin1'?><a/>", .encoding),
        ("<?xml version='1.0' encoding='UTF-7'?><a/>", .encoding), ("<a>\u{0}</a>", .encoding),
        ("<a>\u{1B}</a>", .encoding),
        ("\u{FEFF}\u{FEFF}<a/>", .malformed),
        ("<?xml version='1.1'?><a/>", .malformed), ("<?xml encoding='utf-8'?><a/>", .malformed),
        ("<?xml version='1.0' version='1.0'?><a/>", .malformed), ("<?xml version='1.0'", .malformed),
        ("<?xml version='1.0' standalone='maybe'?><a/>", .malformed),
        ("<?xml version='1.0'encoding='utf-8'?><a/>", .malformed),
        ("", .malformed), ("x", .malformed), ("x<a/>", .malformed), ("<a/>x", .malformed), ("<a/><b/>", .malformed),
        ("<a", .malformed), ("<a>", .malformed), ("</a>", .malformed), ("<a></b>", .malformed),
        ("<a><b></a></b>", .malformed),
        ("< a/>", .malformed), ("<a / >", .malformed), ("<a></ a>", .malformed), ("<a></a", .malformed),
        ("<", .malformed),
        ("<a b/>", .malformed), ("<a b=c/>", .malformed), ("<a b='c/>", .malformed), ("<a b='<'/>", .malformed),
        ("<a b='c'd='e'/>", .malformed), ("<a b='c' b='d'/>", .malformed), ("<a b='<!---->'/>", .malformed),
        ("<a><!-- -- --></a>", .malformed), ("<a><!--></a>", .malformed), ("<a><!---></a>", .malformed),
        ("<a><![CDATA[x</a>", .malformed), ("<![CDATA[x]]><a/>", .malformed), ("<a>]]></a>", .malformed),
        ("<a>&;</a>", .malformed), ("<a>&amp</a>", .malformed), ("<a>&AMP;</a>", .malformed),
        ("<a b='&'/>", .malformed),
        ("<a>&#;</a>", .malformed), ("<a>&#x;</a>", .malformed), ("<a>&#X41;</a>", .malformed),
        ("<a>&#+65;</a>", .malformed),
        ("<a>&#-1;</a>", .malformed), ("<a>&#xD800;</a>", .malformed), ("<a>&#x110000;</a>", .malformed),
        ("<a>&#xFFFE;</a>", .malformed), ("<a>&#999999999;</a>", .malformed), ("<a b='&#1;'/>", .malformed),
        ("<a>&#65", .malformed), ("<a>\u{FFFE}</a>", .malformed), ("<a b='\u{FFFF}'/>", .malformed),
        ("<a>x]]]>y</a>", .malformed),
        ("<a>&b;</a>", .malformed), ("<a>&</a>", .malformed), ("<a>&#0;</a>", .malformed), ("<a b='&c;'/>", .malformed),
        ("<x:a/>", .malformed), ("<a x:b='c'/>", .malformed), ("<a xmlns:x=''/>", .malformed),
        ("<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", .malformed), ("<a xmlns:xml='urn:x'/>", .malformed),
    ])
    func `refuses`(_ text: String, _ refusal: SignedXMLError) { #expect(Self.refusal(text) == refusal) }

    @Test(
        arguments: [
            [0xFF, 0xFE, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0], [0xFE, 0xFF, 0, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E],
            [0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0], [0x3C, 0x61, 0x3E, 0xC0, 0xBC, 0x3C, 0x2F, 0x61, 0x3E],
            [0x3C, 0x61, 0x3E, 0xED, 0xA0, 0x80, 0x3C, 0x2F, 0x61, 0x3E],
            [0x3C, 0x61, 0x3E, 0xE9, 0x3C, 0x2F, 0x61, 0x3E],
            [0x2B, 0x41, 0x44, 0x77, 0x2D, 0x80],
            [0x3C, 0x61, 0x3E, 0xF8, 0x88, 0x80, 0x80, 0x80, 0x3C, 0x2F, 0x61, 0x3E],
        ] as [[UInt8]])
    func `refuses what is not UTF-8`(_ bytes: [UInt8]) { #expect(Self.refusal(bytes) == .encoding) }

    @Test func `counts what is limited`() {
        let limits = XMLLimits(
            maximumBytes: 200, depth: 3, elements: 4, attributes: 4, attributesOfElement: 3, namespaceDeclarations: 4,
            namespacesInScope: 2)
        let cases: [(within: String, past: String, refusal: SignedXMLError)] = [
            (
                "<a>" + String(repeating: "x", count: 193) + "</a>",
                "<a>" + String(repeating: "x", count: 194) + "</a>",
                .tooLarge
            ),
            ("<a><b><c/></b></a>", "<a><b><c><d/></c></b></a>", .tooDeep),
            ("<a><b/><b></b><b/></a>", "<a><b/><b/><b/><b/></a>", .tooManyElements),
            ("<a><!----><![CDATA[]]><b/></a>", "<a><!----><![CDATA[]]><b/><!----></a>", .tooManyElements),
            ("<a b='' c='' d=''/>", "<a b='' c='' d='' e=''/>", .tooManyAttributes),
            ("<a b='' c=''><b d='' e=''/></a>", "<a b='' c=''><b d='' e='' f=''/></a>", .tooManyAttributes),
            (
                "<a xmlns='u:u' xmlns:x='u:v' b=''/>", "<a xmlns='u:u'><b xmlns:x='u:v' xmlns:y='u:w'/></a>",
                .tooManyNamespaces
            ),
            (
                "<a xmlns='u:u'><b xmlns='u:v'/><b xmlns='u:v'></b><b xmlns='u:v'/></a>",
                "<a xmlns='u:u'><b xmlns='u:v'></b><b><c xmlns='u:v' xmlns:d='u:u'/></b></a>",
                .tooManyNamespaces
            ),
            ("<a xmlnsx='' xmln=''/>", "<a xmlns:a='u:a' xmlns:b='u:b' xmlns:c='u:c'/>", .tooManyNamespaces),
        ]
        for (within, past, refusal) in cases {
            #expect(Self.refusal(within, limits: limits) == nil, "\(within)")
            #expect(Self.refusal(past, limits: limits) == refusal, "\(past)")
        }
    }

    @Test func `limits a document as received`() {
        #expect(Self.refusal("<a>" + String(repeating: "x", count: 262_144 - 7) + "</a>") == nil)
        #expect(Self.refusal("<a>" + String(repeating: "x", count: 262_145 - 7) + "</a>") == .tooLarge)
        #expect(Self.refusal(String(repeating: "<a>", count: 10_000)) == .tooDeep)
        #expect(Self.refusal("<a>" + String(repeating: "<b/>", count: 10_000) + "</a>") == .tooManyElements)
    }
}
