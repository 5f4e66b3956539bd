// What other label sets call the classes of ADE20K: COCO-Stuff, Cityscapes, CamVid, landscapes. One table serves all sets, since a name means the
// same in each of them but for details; a set's own name for a class comes before one that only includes it.

import { comparable } from "../pictures/label_names.ts";

/**
 * Names of a class in other sets, the best first. A class that is not here has only its own name. Names of COCO's things that its pictures never
 * show (window, door, desk, mirror) come after those of its stuff. Where a set of landscapes leaves a choice, the label comes first that its
 * annotators gave to most pixels of the class (123 photos: plant is tree 71 %, bush 17 %; lake is sea 98 %; path is dirt 64 %, road 5 %).
 */
const NAMES = `
  wall: wall, wall-other, building
  building: building, building-other
  sky: sky, sky-other
  floor: floor, floor-other, ground, ground-other, pavement
  tree: tree, vegetation
  ceiling: ceiling, ceiling-other
  road: road
  windowpane: windowpane, window-other, window
  grass: grass, terrain
  cabinet: cabinet, cupboard
  sidewalk: sidewalk, pavement, road
  person: person, pedestrian
  earth: earth, dirt, ground-other, terrain, ground
  door: door-stuff, door
  table: table, dining table
  mountain: mountain, hill
  plant: plant, plant-other, vegetation, tree, bush
  car: car
  water: water, water-other, sea, river
  sofa: sofa, couch
  house: house, building, building-other
  sea: sea, water-other, river
  mirror: mirror-stuff, mirror
  rug: rug, carpet
  field: field, grass, terrain
  armchair: armchair, chair
  seat: seat, chair, bench
  fence: fence
  desk: desk-stuff, desk, table
  rock: rock, stone
  wardrobe: wardrobe, cupboard, cabinet
  lamp: lamp, light
  railing: railing, guard rail, fence
  cushion: cushion, pillow
  box: box, cardboard
  column: column, pole, structural-other
  signboard: signboard, sign, traffic sign, signsymbol, banner
  chest of drawers: chest of drawers, cabinet, furniture-other
  sand: sand, dirt, terrain, ground
  skyscraper: skyscraper, building, building-other
  grandstand: grandstand, structural-other
  path: path, dirt, ground-other, sidewalk, pavement, road
  runway: runway, pavement
  pool table: pool table, table
  screen door: screen door, door-stuff, door
  stairway: stairway, stairs
  river: river, water-other, sea
  bookcase: bookcase, shelf
  blind: blind, window-blind
  coffee table: coffee table, table, dining table
  flower: flower, bush, plant-other, vegetation
  hill: hill, mountain, terrain
  countertop: countertop, counter
  stove: stove, oven
  palm: palm, tree, vegetation
  kitchen island: kitchen island, counter, table
  computer: computer, laptop
  swivel chair: swivel chair, chair
  bar: bar, counter
  hovel: hovel, house, building, building-other
  bus: bus, car
  truck: truck, car
  tower: tower, building, building-other
  chandelier: chandelier, light
  streetlight: streetlight, pole, light
  television: television, tv
  dirt track: dirt track, dirt, ground-other, road
  apparel: apparel, clothes
  land: land, dirt, ground-other, terrain, ground
  bannister: bannister, railing
  escalator: escalator, stairs
  poster: poster, banner
  stage: stage, platform
  van: van, car
  ship: ship, boat
  fountain: fountain, water-other
  swimming pool: swimming pool, water-other, river, sea
  stool: stool, chair
  waterfall: waterfall, water-other, river
  bag: bag, handbag
  minibike: minibike, motorcycle, bicyclist
  ball: ball, sports ball
  food: food, food-other
  step: step, stairs
  bicycle: bicycle, bicyclist
  lake: lake, water-other, sea, river
  screen: screen, tv
  sconce: sconce, light
  pier: pier, platform
  crt screen: crt screen, tv
  monitor: monitor, tv
  glass: glass, wine glass, cup
  flag: flag, banner
`;

const TABLE = new Map(
  NAMES.trim()
    .split("\n")
    .map((line) => {
      const [name, names] = line.split(":");
      return [comparable(name), names.split(",").map(comparable)];
    }),
);

/** The names under which another set may have a class, the best first, as `comparable` gives them. */
export const namesOf = (className: string): readonly string[] =>
  TABLE.get(comparable(className)) ?? [comparable(className)];

/** The classes that the table has names for. */
export const namedClasses = (): string[] => [...TABLE.keys()];
