"""What the terminal shows, drawn by rich: aligned, wrapped to the window, coloured only on a terminal; and the same as CSV for machines."""
