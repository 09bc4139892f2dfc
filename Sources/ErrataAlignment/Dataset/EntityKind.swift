/// What kind of thing a name stands for.
package enum EntityKind: String, Sendable, CaseIterable {
    case person, company, organisation, school, team, city, country, region, river, mountain
    case island, building, road, airport, book, film, song, album, game, series, artwork
    case newspaper, band, software, service, product, vehicle, ship, aircraft, weapon, species
    case genus, gene, protein, chromosome, chemical, disease, drug, planet, star, event, battle
    case law, treaty, award, sport, position, occupation, language, religion, genre, instrument
    case food, material, field, party, character, deity, year, date, number, amount, measure
    case code, email, url, version, color, gender, duration, address, time
}

/// A thing with its names.
struct Entity: Sendable, Equatable {
    let name: String
    /// Other names of the same thing, made by rule.
    let aliases: [String]
}
