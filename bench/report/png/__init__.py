"""Charts as PNG, SVG or PDF, by matplotlib; nothing here touches pyplot or its global state."""
