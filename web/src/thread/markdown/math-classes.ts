/**
 * Temml writes some looks as `style`, which the page's policy refuses. Those that matter have a class in math.css; the
 * others are left out. `html` is Temml's: quotes in texts are escaped, so ` style="` begins an attribute.
 */
export function toClasses(html: string): string {
  return html.replace(/<(\w+)((?: [\w-]+="[^"]*")*)>/g, (tag: string, name: string, attributes: string) => {
    const style = attributes.match(/ style="([^"]*)"/)?.[1]
    if (style === undefined) return tag
    const known = attributes.match(/ class="([^"]*)"/)?.[1]
    const classes = [...(known ? [known] : []), ...classesOf(style)].join(" ")
    const others = attributes.replace(/ (?:style|class)="[^"]*"/g, "")
    return `<${name}${others}${classes ? ` class="${classes}"` : ""}>`
  })
}

function classesOf(style: string): string[] {
  return style.split(";").flatMap((declaration) => {
    const [property = "", value = ""] = declaration.split(":").map((part) => part.trim())
    if (property === "color") return colourOf(value)
    return CLASSES[`${property}:${value}`] ?? CLASSES[property] ?? []
  })
}

/** Looks by declaration, and by property where the value doesn't matter much. */
const CLASSES: Record<string, string[]> = {
  "padding-left:0em": ["tml-pl0"],
  "padding-right:0em": ["tml-pr0"],
  "padding-left:1em": ["tml-pl1"],
  "padding-top:0": ["tml-pt0"],
  "padding-bottom:0": ["tml-pb0"],
  "border:1px solid": ["tml-fbox"],
  "border-top": ["tml-bt"],
  "border-bottom": ["tml-bb"],
  "border-left": ["tml-bl"],
  "border-right": ["tml-br"],
  "border-left:0.06em dashed": ["tml-bl", "tml-dashed"],
  "border-right:0.06em dashed": ["tml-br", "tml-dashed"],
  "font-weight:bold": ["tml-bold"],
  "math-depth:0": ["tml-depth0"],
  "math-depth:2": ["tml-depth2"],
  "text-align:left": ["tml-left"],
  "width:100%": ["tml-wide"],
  "width:50%": ["tml-glue"],
  "width:7.5%": ["tml-glue-narrow"],
}

/** Colours are chosen by the page, for both of its themes: the nearest hue, or none for grey, black and white. */
function colourOf(value: string): string[] {
  const hex = value.match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i)
  if (!hex) return []
  const [red, green, blue] = hex.slice(1).map((part) => Number.parseInt(part, 16)) as [number, number, number]
  const most = Math.max(red, green, blue)
  const spread = most - Math.min(red, green, blue)
  if (spread < 40) return []
  const sixth =
    most === red
      ? (green - blue) / spread
      : most === green
        ? 2 + (blue - red) / spread
        : 4 + (red - green) / spread
  return [`tml-hue-${HUES[Math.round((sixth + 6) % 6) % 6]}`]
}

const HUES = ["red", "yellow", "green", "cyan", "blue", "purple"]
