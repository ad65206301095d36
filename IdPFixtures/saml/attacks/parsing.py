"""Attacks on the parser: entities, encodings, names that two parsers read differently, and sizes.

Most of them stand in a response whose assertion is genuinely signed for Bob, so that nothing but the attack is wrong.
"""

from catalogue import around, deflate, either, refuse, repeat
from documents import (
    ALICE,
    BOB,
    SAML,
    SAMLP,
    assertion,
)
from documents import attribute as saml_attribute
from documents import extensions, name_id, response, signed_assertion, signed_response, statement, status
from genuine import GENUINE_ASSERTION, evil_assertion, split
from seals import complete, signature
from wrapping import MOVED, SAME_ID

GENUINE = response(GENUINE_ASSERTION)
# Not inflated for strangers: sign the query with the key `idp` to get further.
BOMB = "messageTooLarge tooLarge redirectUnsigned redirectSignature malformed"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def entities():
    yield refuse("doctype-empty", "doctype", "a document type that declares nothing", "<!DOCTYPE Response>" + GENUINE)
    yield refuse("doctype-after-declaration", "doctype", "after the XML declaration and a comment", DECLARATION
        + "<!-- x -->\n<!DOCTYPE x []>" + GENUINE)
    yield refuse("doctype-lower-case", "doctype malformed", "in small letters: not XML, yet some parsers know HTML",
        "<!doctype html>" + GENUINE)
    yield refuse("entity-internal", "doctype", "an internal entity as the person's name",
        '<!DOCTYPE x [<!ENTITY a "alice-19c4">]>' + response(assertion(ALICE, name=name_id("&a;"))))
    yield refuse("entity-external-file", "doctype", "an external entity: a file of ours would be the person's name",
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + response(assertion(ALICE, name=name_id("&a;"))))
    yield refuse("entity-external-http", "doctype", "an external entity: an address to fetch",
        '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]>' + response(assertion(ALICE, name=name_id("&a;"))))
    yield refuse("entity-parameter", "doctype", "a parameter entity that sends a file elsewhere",
        '<!DOCTYPE x [<!ENTITY % f SYSTEM "file:///etc/hostname"><!ENTITY % d SYSTEM "http://127.0.0.1:9/d">%d;]>'
        + GENUINE)
    yield refuse("entity-external-subset", "doctype", "an external document type",
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + GENUINE)
    yield refuse("entity-external-subset-public", "doctype", "the same by public identifier",
        '<!DOCTYPE x PUBLIC "-//x//y" "file:///etc/hostname">' + GENUINE)
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    yield refuse("entity-bomb", "doctype", "a billion laughs", f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]>'
        + GENUINE.replace("bob-7f3a", "&l9;"))
    yield refuse("entity-bomb-quadratic", "doctype", "quadratic blow-up: one long entity, often",
        f'<!DOCTYPE x [<!ENTITY a "{"a" * 2000}">]>' + response(assertion(ALICE, name=name_id("&a;" * 500))))
    yield refuse("entity-loop", "doctype", "two entities that hold each other",
        '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>' + response(assertion(ALICE, name=name_id("&a;"))))
    yield refuse("entity-in-attribute", "doctype", "an entity in an attribute value",
        '<!DOCTYPE x [<!ENTITY a "_assertion">]>' + GENUINE.replace('ID="_assertion"', 'ID="&a;"'))
    yield refuse("doctype-default-attribute", "doctype", "the document type gives the evil assertion its ID",
        '<!DOCTYPE x [<!ATTLIST saml:Assertion ID CDATA "_assertion">]>'
        + response(evil_assertion(id=None), GENUINE_ASSERTION))
    yield refuse("doctype-declares-id", "doctype", "the document type declares another attribute to be the ID",
        "<!DOCTYPE x [<!ATTLIST saml:Subject Name ID #IMPLIED>]>" + GENUINE)
    yield refuse("entity-undeclared", "malformed doctype", "an entity that nobody declares",
        GENUINE.replace("bob-7f3a", "&bob;"))
    yield refuse("entity-of-html", "malformed doctype", "an entity that only HTML knows",
        GENUINE.replace("bob-7f3a", "bob&nbsp;"))
    yield refuse("processing-instruction-before-root", "processingInstruction",
        "a style sheet for who opens it in a browser",
        '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>' + GENUINE)
    yield refuse("processing-instruction-in-value", "processingInstruction digestValue",
        "a processing instruction cuts the name in two",
        response(signed_assertion(BOB, name=name_id("alice-19c4<?x?>.evil"))))
    yield refuse("processing-instruction-after-root", "processingInstruction", "after the root", GENUINE + "<?x y?>")
    yield refuse("processing-instruction-in-signature", "processingInstruction malformed unknownKey", "in SignedInfo",
        GENUINE.replace("<ds:SignedInfo>", "<ds:SignedInfo><?x?>", 1))
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}" parse="{}"/>'
    yield refuse("xinclude-assertion", "assertionCount unsigned noSignature malformed",
        "XInclude in the assertion's place", response(include.format("file:///etc/hostname", "xml")))
    yield refuse("xinclude-in-name", "nameID malformed digestValue",
        "XInclude of a file as the person's name, signed as such",
        signed_response(assertion(BOB, name=name_id(include.format("file:///etc/hostname", "text")))))
    yield either("harmless-schema-location", BOB, "malformed", "schemaLocation: an address that nobody may fetch",
        response(GENUINE_ASSERTION, more_attributes=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            f' xsi:schemaLocation="{SAMLP} http://127.0.0.1:9/p.xsd"'))
    yield either("harmless-xml-base", BOB, "malformed", "xml:base, which would move every relative address",
        response(GENUINE_ASSERTION, more_attributes=' xml:base="http://127.0.0.1:9/"'))


def encodings():
    declared = lambda name: f'<?xml version="1.0" encoding="{name}"?>' + GENUINE
    yield refuse("encoding-utf16-le", "encoding malformed", "UTF-16, little endian, with its mark", b"\xff\xfe"
        + GENUINE.encode("utf-16-le"))
    yield refuse("encoding-utf16-be", "encoding malformed", "UTF-16, big endian, with its mark", b"\xfe\xff"
        + GENUINE.encode("utf-16-be"))
    yield refuse("encoding-utf16-unmarked", "encoding malformed", "UTF-16 without a mark", GENUINE.encode("utf-16-le"))
    yield refuse("encoding-utf16-declared", "encoding malformed", "UTF-16 is declared, UTF-8 is there",
        declared("UTF-16"))
    yield refuse("encoding-utf32", "encoding malformed", "UTF-32", b"\xff\xfe\0\0" + GENUINE.encode("utf-32-le"))
    yield refuse("encoding-utf7", "encoding malformed", "UTF-7 is declared: +ADw- would be an angle bracket",
        declared("UTF-7"))
    yield refuse("encoding-latin1", "encoding", "ISO-8859-1 is declared", declared("ISO-8859-1"))
    yield refuse("encoding-windows-1252", "encoding", "windows-1252 is declared", declared("windows-1252"))
    yield refuse("encoding-ebcdic", "encoding malformed", "EBCDIC: a pre-scan for angle brackets sees none",
        GENUINE.encode("cp037"))
    yield refuse("encoding-ebcdic-declared", "encoding malformed", "EBCDIC is declared", declared("IBM037"))
    yield refuse("encoding-shift-jis", "encoding malformed", "Shift_JIS is declared", declared("Shift_JIS"))
    yield refuse("encoding-unknown", "encoding malformed", "an encoding of nobody's", declared("x-evil"))
    yield either("encoding-us-ascii", BOB, "encoding malformed", "US-ASCII is declared, which is a part of UTF-8",
        declared("US-ASCII"))
    yield either("encoding-byte-order-mark", BOB, "encoding malformed", "UTF-8 with its mark", b"\xef\xbb\xbf"
        + GENUINE.encode())
    broken = lambda octets: GENUINE.encode().replace(b"bob-7f3a", octets)
    yield refuse("utf8-overlong", "encoding malformed", "an overlong slash", broken(b"bob\xc0\xaf"))
    yield refuse("utf8-surrogate", "encoding malformed", "half of a surrogate pair", broken(b"bob\xed\xa0\x80"))
    yield refuse("utf8-beyond-unicode", "encoding malformed", "a code point past U+10FFFF",
        broken(b"bob\xf4\x90\x80\x80"))
    yield refuse("utf8-cut-short", "encoding malformed", "a sequence that ends too early", broken(b"bob\xe2\x82"))
    yield refuse("utf8-lone-continuation", "encoding malformed", "a continuation octet alone", broken(b"bob\x80"))
    yield refuse("nul-in-value", "malformed encoding", "a NUL: C would stop reading there",
        broken(b"alice-19c4\0.evil"))
    yield refuse("nul-at-end", "malformed encoding", "a NUL after the document, then another document", GENUINE.encode()
        + b"\0" + GENUINE.encode())
    yield refuse("nul-in-tag", "malformed encoding", "a NUL in an element's name",
        GENUINE.encode().replace(b"<saml:Subject>", b"<saml:Sub\0ject>", 1))
    yield refuse("control-character", "malformed encoding", "U+0001, which XML 1.0 has no room for", broken(b"bob\x01"))
    yield refuse("control-character-reference", "malformed", "the same as a reference", broken(b"bob&#1;"))
    yield refuse("nul-reference", "malformed", "&#0;", broken(b"alice-19c4&#0;"))
    yield refuse("noncharacter", "malformed encoding", "U+FFFF", broken(b"bob\xef\xbf\xbf"))
    yield refuse("xml-1.1", "malformed encoding digestValue", "XML 1.1, in which control characters are allowed",
        '<?xml version="1.1" encoding="UTF-8"?>' + GENUINE.replace("bob-7f3a", "bob&#1;"))


def shapes():
    yield refuse("not-xml", "malformed", "no XML", "SAMLResponse")
    yield refuse("empty", "malformed", "no octet", b"")
    yield refuse("only-white-space", "malformed", "blanks", " \n ")
    yield refuse("only-declaration", "malformed", "an XML declaration and no more", DECLARATION)
    yield refuse("html", "malformed wrongRoot", "a web page", "<html><body><p>Sign in</body></html>")
    yield refuse("json", "malformed", "JSON", '{"sub": "alice"}')
    yield refuse("cut-short", "malformed", "a genuine response without its last 40 octets", GENUINE[:-40])
    yield refuse("text-after-root", "malformed", "text after the root", GENUINE + "x")
    yield refuse("text-before-root", "malformed", "text before the root", "x" + GENUINE)
    yield refuse("two-roots", "malformed", "two documents in one", GENUINE + response(assertion(ALICE)))
    yield refuse("declaration-late", "malformed processingInstruction", "the XML declaration after a line break", "\n"
        + DECLARATION + GENUINE)
    yield refuse("attribute-twice", "malformed", "the response has ID twice",
        GENUINE.replace('ID="_response"', 'ID="_response" ID="_assertion"'))
    yield refuse("attribute-twice-by-namespace", "malformed digestValue",
        "one attribute twice by two prefixes of one namespace",
        response(GENUINE_ASSERTION, more_attributes=' xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2"'))
    yield refuse("attribute-unquoted", "malformed", "an attribute without quotation marks",
        GENUINE.replace('Version="2.0"', "Version=2.0", 1))
    yield refuse("prefix-undeclared", "malformed assertionCount unsigned noSignature",
        "a prefix that nobody declares, which libxml2 forgives",
        GENUINE.replace("saml:Assertion", "undeclared:Assertion"))
    yield refuse("prefix-undeclared-on-evil", "malformed assertionCount",
        "an evil assertion whose prefix nobody declares",
        response(evil_assertion().replace("saml:", "nobody:").replace("xmlns:nobody", "xmlns:saml"), GENUINE_ASSERTION))
    yield refuse("prefix-empty", "malformed digestValue", "a name that begins with a colon",
        GENUINE.replace("saml:Conditions", ":Conditions"))
    yield refuse("prefix-two-colons", "malformed digestValue", "a name with two colons",
        GENUINE.replace("saml:Conditions", "saml:a:Conditions"))
    yield refuse("prefix-unbound-by-empty-namespace",
        "malformed assertionCount unsigned noSignature misplacedSignature responseIssuer",
        'xmlns:saml="", which XML 1.0 forbids', GENUINE.replace(f'xmlns:saml="{SAML}"', 'xmlns:saml=""'))
    yield refuse("prefix-xml-rebound", "malformed", "the prefix xml bound to SAML's namespace",
        response(GENUINE_ASSERTION, more_attributes=f' xmlns:xml="{SAML}"'))
    yield refuse("namespace-swapped", "assertionCount wrongRoot malformed unsigned", "the two prefixes of SAML swapped",
        GENUINE.replace("xmlns:saml=", "xmlns:tmp=").replace("xmlns:samlp=", "xmlns:saml=").replace("xmlns:tmp=",
            "xmlns:samlp="))
    yield refuse("namespace-redeclared-inside", "assertionCount unsigned noSignature misplacedSignature malformed",
        "inside, the prefix saml is bound to another namespace, so that it is another element",
        response(GENUINE_ASSERTION.replace(f'xmlns:saml="{SAML}"', 'xmlns:saml="urn:example:other"')))
    yield refuse("namespace-trailing-blank", "assertionCount unsigned noSignature misplacedSignature malformed",
        "SAML's namespace with a blank after it",
        response(GENUINE_ASSERTION.replace(f'xmlns:saml="{SAML}"', f'xmlns:saml="{SAML} "')))
    yield refuse("namespace-other-case", "assertionCount unsigned noSignature misplacedSignature malformed",
        "SAML's namespace in other letters",
        response(GENUINE_ASSERTION.replace(f'xmlns:saml="{SAML}"', f'xmlns:saml="{SAML.upper()}"')))
    yield refuse("namespace-saml-1.1", "wrongRoot version assertionCount", "the namespace of SAML 1.1",
        GENUINE.replace(SAMLP, "urn:oasis:names:tc:SAML:1.0:protocol"))
    yield refuse("root-in-no-namespace", "wrongRoot", "a Response in no namespace",
        GENUINE.replace("samlp:Response", "Response"))
    yield refuse("root-is-assertion", "wrongRoot", "the signed assertion without a Response", GENUINE_ASSERTION)
    yield refuse("root-is-artifact-response", "wrongRoot", "an ArtifactResponse around it",
        response(GENUINE_ASSERTION, root="ArtifactResponse"))
    yield refuse("root-is-logout-response", "wrongRoot", "a LogoutResponse, properly signed, where a Response is due",
        signed_response(root="LogoutResponse"))
    yield refuse("root-is-authn-request", "wrongRoot", "our own kind of message", response(root="AuthnRequest"))
    yield refuse("root-is-soap", "wrongRoot", "a SOAP envelope",
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{GENUINE}</s:Body></s:Envelope>')


def ids():
    bare, moved = split(GENUINE_ASSERTION)
    yield refuse("id-twice", SAME_ID, "response and assertion have one ID",
        response(GENUINE_ASSERTION, id="_assertion"))
    yield refuse("id-twice-far-away", SAME_ID + " digestValue", "an element of no known kind has the assertion's ID",
        response(GENUINE_ASSERTION, extension=extensions('<x:y xmlns:x="urn:x" ID="_assertion"/>')))
    for spelling, attribute, note in (
        ("small", "id", "id instead of ID"),
        ("mixed", "Id", "Id instead of ID: XML Signature's spelling"),
        ("xml", "xml:id", "xml:id, which libxml2 registers unasked"),
        ("assertion-id", "AssertionID", "the name that SAML 1.1 gave it"),
    ):
        evil = evil_assertion(id=None, signed=moved).replace(
            "<saml:Assertion ", f'<saml:Assertion {attribute}="_assertion" '
        )
        yield refuse(f"id-{spelling}-on-evil", SAME_ID + " digestValue malformed", f"the evil assertion has {note}",
            response(evil, extension=extensions(bare)))
    yield refuse("id-prefixed-on-evil", SAME_ID + " digestValue malformed",
        "saml:ID: another attribute, for who compares names rightly",
        response(evil_assertion(id=None, signed=moved).replace("<saml:Assertion ",
            f'<saml:Assertion xmlns:saml="{SAML}" saml:ID="_assertion" ').replace(f' xmlns:saml="{SAML}"', "", 1),
            extension=extensions(bare)))
    yield refuse("id-as-character-references", SAME_ID, "the evil ID is written with character references",
        response(evil_assertion(id="&#95;assertion", signed=moved), bare))
    yield refuse("id-padded", MOVED + " duplicateID", "the evil ID has blanks around it, which validation would strip",
        response(evil_assertion(id=" _assertion ", signed=moved), bare))
    yield refuse("id-empty", "referenceURI malformed", 'an empty ID and URI="#"',
        response(complete(assertion(BOB, id="", signed=signature("#")))))
    yield refuse("id-missing", "referenceURI malformed",
        "the assertion has no ID; its Reference is to the whole document",
        response(complete(assertion(BOB, id=None, signed=signature("")))))
    yield refuse("id-with-quote", "referenceURI malformed unsigned",
        "an ID that would end a string in an XPath expression",
        response(signed_assertion(BOB, id="x&apos;] | //*[&apos;1", uri="#x&apos;] | //*[&apos;1")))


def sizes():
    hole = response(GENUINE_ASSERTION, extension=extensions("@HERE@"))
    filled = lambda text: hole.replace("@HERE@", text)
    yield refuse("deep-nesting-1000", "tooDeep malformed", "a thousand elements inside each other",
        filled("<a>" * 1000 + "</a>" * 1000))
    yield refuse("deep-nesting-in-assertion", "tooDeep malformed", "five hundred of them in a signed attribute value",
        signed_response(assertion(BOB, statements=statement(BOB, saml_attribute("note", "<a>" * 500 + "</a>" * 500)))))
    yield refuse("attributes-1000", "tooManyAttributes malformed", "a thousand attributes on an element",
        filled("<a " + " ".join(f'a{n}=""' for n in range(1000)) + "/>"))
    yield refuse("namespaces-500", "tooManyNamespaces malformed", "five hundred namespace declarations on an element",
        filled("<a " + " ".join(f'xmlns:a{n}="urn:u"' for n in range(500)) + "/>"))
    yield either("namespaces-500-each-one", BOB, "tooManyNamespaces tooDeep malformed",
        "five hundred elements in a row with one declaration each",
        filled("".join(f'<a xmlns:n{n}="urn:u"/>' for n in range(500))))
    yield refuse("namespaces-and-depth", "tooManyNamespaces tooDeep malformed",
        "declarations at every depth: canonicalization would be quadratic",
        filled("".join(f'<a xmlns:n{n}="urn:u{n}">' for n in range(200)) + "</a>" * 200))
    yield refuse("status-codes-nested", "tooDeep status malformed", "a hundred status codes inside each other",
        response(GENUINE_ASSERTION, state=status(inside='<samlp:StatusCode Value="x">' * 100
            + "</samlp:StatusCode>" * 100)))
    yield refuse("size-10-megabytes", "tooLarge", "10 MB of blanks inside a genuine response",
        around("@HERE@", hole, " " * 1000, 10_000))
    yield refuse("size-10-megabytes-before-root", "tooLarge", "10 MB of blanks before it",
        repeat(" " * 1000, 10_000, "", GENUINE))
    yield refuse("size-300-kilobytes", "tooLarge", "a comment of 300 kB",
        around("@HERE@", hole.replace("@HERE@", "<!--@HERE@-->"), "x" * 100, 3000))
    yield refuse("deep-nesting-100000", "tooDeep tooLarge", "a hundred thousand opening tags and nothing else",
        repeat("<a>", 100_000))
    yield refuse("deep-nesting-60000", "tooDeep malformed", "sixty thousand opening tags, below the size limit",
        repeat("<a>", 60_000))
    yield refuse("elements-50000", "tooManyElements", "fifty thousand empty elements",
        around("@HERE@", hole, "<a/>", 50_000))
    yield refuse("attributes-20000", "tooManyAttributes malformed", "one attribute twenty thousand times",
        around("@HERE@", filled("<a @HERE@/>"), ' a=""', 20_000))
    yield refuse("namespaces-10000", "tooManyNamespaces malformed", "one declaration ten thousand times",
        around("@HERE@", filled("<a @HERE@/>"), ' xmlns:a="urn:u"', 10_000))
    yield refuse("name-200-kilobytes", "malformed tooLarge",
        "an element whose name is 200 kB, which libxml2 forbids past 50 kB",
        around("@HERE@", filled("<@HERE@/>"), "a" * 100, 2000))
    yield refuse("attribute-value-200-kilobytes", "digestValue malformed tooLarge inResponseTo",
        "an attribute of 200 kB: InResponseTo",
        around("@HERE@", response(GENUINE_ASSERTION, in_response_to="_@HERE@"), "a" * 100, 2000))
    yield refuse("comments-20000", "digestValue malformed tooManyElements tooLarge nameID",
        "twenty thousand comments inside an unsigned change of the name",
        around("@HERE@", GENUINE.replace("bob-7f3a", "alice@HERE@"), "<!--a-->", 20_000))
    yield refuse("less-than-200000", "malformed", "two hundred thousand less-than signs", repeat("<", 200_000))
    yield refuse("ampersands-200000", "malformed", "two hundred thousand ampersands",
        repeat("&", 200_000, "<a>", "</a>"))
    yield refuse("cdata-openings-20000", "malformed", "CDATA sections that begin and do not end",
        repeat("<![CDATA[", 20_000, "<a>"))
    logout = f'<samlp:LogoutResponse xmlns:samlp="{SAMLP}" ID="_x" Version="2.0">'
    yield refuse("deflate-bomb-10-megabytes", BOMB, "10 MB that travel as 10 kB, by HTTP-Redirect",
        deflate(repeat(" " * 1000, 10_000, logout, "</samlp:LogoutResponse>"), "SAMLResponse"), binding="redirect")
    yield refuse("deflate-bomb-100-megabytes", BOMB, "100 MB that travel as 100 kB",
        deflate(repeat("<a>" * 1000, 33_334, logout), "SAMLRequest"), binding="redirect")
    yield refuse("deflate-300-kilobytes", BOMB, "just above the size limit once it is inflated",
        deflate(repeat("x" * 100, 3000, logout + "<!--", "--></samlp:LogoutResponse>"), "SAMLResponse"),
        binding="redirect")


def cases():
    yield from entities()
    yield from encodings()
    yield from shapes()
    yield from ids()
    yield from sizes()
