"""Pictures of numbers as SVG with their numbers as tables: for pages that are mailed, and for the
console. They have classes instead of styles, so the console's policy allows them."""
