/// A key's fingerprint as six words, one for each of its first six bytes (48 bits): easier to compare by eye and by
/// voice than digits.
package enum FingerprintWords {
    package static let count = 6

    /// Fewer words when `hash` is shorter than six bytes.
    package static func words(of hash: [UInt8]) -> [String] {
        hash.prefix(count).compactMap { byte in Int(byte) < list.count ? list[Int(byte)] : nil }
    }

    private static let list = text.split(whereSeparator: \.isWhitespace).map(String.init)

    /// 256 words, in alphabetical order; the position is the byte.
    static let text = """
        acorn actor agate alarm album alder amber anchor angle apple apron arrow
        aspen atlas autumn badge bagel baker bamboo banjo barley barrel basil basket
        beacon beaver bicycle birch bishop bison blanket blossom bonnet bottle bread bridge
        bronze bucket buffalo button cabin cactus camel candle canoe canyon captain carbon
        carpet carrot castle cedar cello chalk cherry chess circle citrus clover cobalt
        cobra coffee comet copper coral cotton cradle crane crater cricket crystal cupboard
        curtain cypress daisy dancer desert diamond dolphin domino donkey dragon drummer eagle
        easel echo elbow ember emerald engine fabric falcon farmer feather fender fennel
        ferry fiddle finch flame flannel flute forest fossil fountain fox galaxy garden
        garlic gazelle ginger glacier globe goblet granite grape gravel guitar hammer harbor
        harvest hazel hedge helmet heron hickory honey hornet igloo indigo insect iris
        island ivory jacket jaguar jasmine jelly jewel jigsaw juniper kayak kernel kettle
        kitten ladder lagoon lantern lapis laurel lemon leopard lettuce lilac linen lizard
        lobster locket lotus lumber magnet mango maple marble market meadow melon mirror
        mitten monkey mosaic mountain mustard napkin nectar needle nickel nutmeg oasis oboe
        ocean olive onion opal orange orchid otter oxygen oyster paddle palace panther
        paper parade parrot peach peanut pebble pelican pencil pepper piano pigeon pillow
        pilot pirate planet plaza pocket polar poppy potato prairie prism puzzle quartz
        quilt rabbit radish raven ribbon river robin rocket saddle salmon sandal satin
        saturn scarlet shadow shovel silver sparrow spruce squirrel summit sunset table tango
        temple thistle thunder tiger timber tomato topaz tunnel turtle umbrella valley velvet
        violin walnut willow zebra
        """
}
