"""What a meter uses: curve, days, profile, heat map."""
